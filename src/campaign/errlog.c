#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jout.h"
#include "campaign/campaign_private.h"

int errlog_open(struct error_log *l, const char *path, struct err *e)
{
    l->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0644);
    return l->fd < 0 ? err_sys(e, ERR_IO, errno, "%s: cannot create", path) : 0;
}

static bool wanted(struct error_log *l, const struct record *r)
{
    for (size_t i = 0; i < l->n_kinds; i++) {
        if (l->kind[i].outcome == r->outcome && l->kind[i].status == r->status && l->kind[i].endpoint == r->endpoint)
            return l->kind[i].n++ < ERRORS_PER_KIND;
    }
    if (l->n_kinds == ARRAY_LEN(l->kind))
        return false;
    l->kind[l->n_kinds].outcome = r->outcome;
    l->kind[l->n_kinds].status = r->status;
    l->kind[l->n_kinds].endpoint = r->endpoint;
    l->kind[l->n_kinds++].n = 1;
    return true;
}

void errlog_add(struct error_log *l, const struct record *r)
{
    if (l->fd < 0 || l->failed || r->outcome == OUT_OK || r->outcome == OUT_UNSENT || !wanted(l, r))
        return;
    struct buf b = BUF_INIT(1u << 20);
    struct jout j;
    char kind[32];
    jo_init(&j, &b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "kind", outcome_text(kind, r->outcome, r->status));
    jo_ki64(&j, "level", r->level);
    jo_ku64(&j, "index", r->index);
    if (r->endpoint)
        jo_ku64(&j, "endpoint", r->endpoint);
    jo_ki64(&j, "sample", r->sample);
    jo_ki64(&j, "status", r->status);
    jo_ki64(&j, "start", r->start);
    jo_ki64(&j, "end", r->end);
    jo_kstrz(&j, "request_id", r->request_id);
    if (r->detail.n)
        jo_kstr(&j, "detail", r->detail);
    if (r->text) {
        const char *p = r->text->bytes + r->text->n_prompt + r->text->n_answer;
        jo_kstr(&j, "headers", (struct str){p, r->text->n_headers});
        jo_kstr(&j, "body", (struct str){p + r->text->n_headers, r->text->n_body});
    }
    jo_end_obj(&j);
    buf_addc(&b, '\n');
    l->failed = -fd_write_all(l->fd, b.p, b.n);
    buf_free(&b);
}

int errlog_close(struct error_log *l, struct err *e)
{
    if (l->fd >= 0 && close(l->fd) != 0 && !l->failed)
        l->failed = errno;
    l->fd = -1;
    return l->failed ? err_sys(e, ERR_IO, l->failed, "cannot write errors.jsonl") : 0;
}
