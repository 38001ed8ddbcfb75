#include "base/clock.h"
#include "base/jout.h"
#include "base/pack.h"
#include "base/xalloc.h"
#include "sim/sim_reply.h"
#include "sim/sim_worker.h"

int64_t sim_unix_now(void)
{
    return clock_real() / NS_PER_S;
}

int64_t sim_date(const struct sim *s)
{
    return sim_unix_now() + s->cfg.clock_ahead;
}

void sim_truth_end(struct sim *s, struct truth_rec **recp, bool complete)
{
    struct truth_rec *rec = *recp;
    *recp = NULL;
    if (rec == NULL)
        return;
    rec->complete = complete;
    rec->end = clock_mono();
    truth_put(s->truth, rec);
}

void sim_late_init(struct sim_late *l, struct sim_request *r)
{
    *l = (struct sim_late){
        .w = r->w,
        .conn = r->conn,
        .truth = r->truth,
        .id = xstrdup(r->id),
        .dialect = r->dialect,
        .head_only = str_eqz(r->q->method, "HEAD"),
        .http10 = r->q->http10,
        .http2 = r->q->http2,
        .keep_alive = r->q->keep_alive,
        .aws = r->aws,
    };
    r->truth = NULL;
}

void sim_late_drop(struct sim_late *l)
{
    sim_truth_end(l->w->sim, &l->truth, false);
    free(l->id);
    l->id = NULL;
}

static int begin_h2(struct sim_late *l, const struct reply_head *h, struct str first, bool whole)
{
    struct reply_fields f;
    reply_fields(&f, h, sim_date(l->w->sim));
    if (hs2_head(l->conn, h->status, f.v, f.n, whole && first.n == 0) < 0)
        return -1;
    return first.n > 0 ? hs2_data(l->conn, first, false) : 0;
}

int sim_late_begin(struct sim_late *l, const struct reply_head *h, struct str first, bool whole)
{
    struct buf *b = &l->w->head;
    if (!l->http2) {
        buf_clear(b);
        reply_head(b, h, sim_date(l->w->sim));
    }
    if (l->truth != NULL) {
        l->truth->status = h->status;
        l->truth->headers = clock_mono();
    }
    if (l->http2)
        return begin_h2(l, h, first, whole);
    struct iovec v[2] = {{b->p, b->n}, {(char *)(uintptr_t)first.p, first.n}};
    return hs_write(l->conn, v, first.n == 0 ? 1 : 2);
}

static bool is_packed(const struct sim *s, const char *type, struct str body)
{
    return s->packing != UNPACK_NONE && body.n > 0 && strcmp(type, "application/json") == 0;
}

void sim_late_answer(struct sim_late *l, int status, const char *type, struct str body, const char *extra_headers)
{
    char lines[400];
    if (is_packed(l->w->sim, type, body)) {
        struct pack *p = pack_new(l->w->sim->packing);
        buf_clear(&l->w->packed);
        pack_add(p, body, PACK_END, &l->w->packed);
        pack_free(&p);
        body = buf_str(&l->w->packed);
        snprintf(lines, sizeof(lines), "%s%s", l->w->sim->packing_line, extra_headers != NULL ? extra_headers : "");
        extra_headers = lines;
    }
    struct reply_head h = {
        .status = status,
        .type = type,
        .length = body.n,
        .keep_alive = l->keep_alive,
        .http10 = l->http10,
        .id = str_of(l->id),
        .extra = extra_headers,
    };
    int rc = sim_late_begin(l, &h, l->head_only ? STR("") : body, true);
    hs_end(l->conn, true);
    sim_truth_end(l->w->sim, &l->truth, rc == 0);
    free(l->id);
    l->id = NULL;
}

void sim_error_body(const struct sim_dialect *d, struct buf *b, int status, const char *message, const char *param,
                    const char *code)
{
    if (d != NULL && d->refusal != NULL)
        d->refusal(b, status, message);
    else
        reply_error(b, status, message, param, code);
}

void sim_late_error(struct sim_late *l, int status, const char *message, const char *param, const char *code,
                    const char *extra_headers)
{
    struct buf *b = &l->w->body;
    char lines[160];
    buf_clear(b);
    if (l->aws) {
        struct jout j;
        jo_init(&j, b, 0);
        jo_obj(&j);
        jo_kstrz(&j, "message", message);
        jo_end_obj(&j);
        snprintf(lines, sizeof(lines), "x-amzn-errortype: %s\r\n%s", sim_evs_error_type(status),
                 extra_headers != NULL ? extra_headers : "");
        extra_headers = lines;
    } else {
        sim_error_body(l->dialect, b, status, message, param, code);
    }
    sim_late_answer(l, status, "application/json", buf_str(b), extra_headers);
}

void sim_answer(struct sim_request *r, int status, const char *type, struct str body, const char *extra_headers)
{
    struct sim_late l;
    sim_late_init(&l, r);
    sim_late_answer(&l, status, type, body, extra_headers);
}

void sim_answer_error(struct sim_request *r, int status, const char *message, const char *param, const char *code,
                      const char *extra_headers)
{
    struct sim_late l;
    sim_late_init(&l, r);
    sim_late_error(&l, status, message, param, code, extra_headers);
}
