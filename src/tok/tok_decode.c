#include "tok/tok_decode.h"

#include "base/xalloc.h"
#include "tok/tok_decode_steps.h"

enum { MAX_STEPS = 200 };

struct decode {
    struct decode_step *steps;
    size_t n;
};

struct decode_scratch {
    struct decode_list lists[2];
    struct norm_scratch *norm;
    struct buf tmp;
};

struct decode_scratch *decode_scratch_new(void)
{
    struct decode_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->lists[0].text, SIZE_MAX - 1);
    buf_init(&s->lists[1].text, SIZE_MAX - 1);
    buf_init(&s->tmp, SIZE_MAX - 1);
    return s;
}

void decode_scratch_free(struct decode_scratch **s)
{
    if (!*s)
        return;
    for (int i = 0; i < 2; i++) {
        buf_free(&(*s)->lists[i].text);
        free((*s)->lists[i].ends);
    }
    buf_free(&(*s)->tmp);
    if ((*s)->norm)
        norm_scratch_free(&(*s)->norm);
    free(*s);
    *s = NULL;
}

void decode_begin(struct decode_scratch *s)
{
    decode_list_clear(&s->lists[0]);
}

void decode_add(struct decode_scratch *s, struct str token)
{
    buf_adds(&s->lists[0].text, token);
    decode_list_end(&s->lists[0]);
}

void decode_end(const struct decode *d, struct decode_scratch *s, struct buf *out)
{
    struct decode_list *from = &s->lists[0], *to = &s->lists[1];
    for (size_t i = 0; d && i < d->n; i++) {
        struct decode_step *step = &d->steps[i];
        if (step->norm && !s->norm)
            s->norm = norm_scratch_new();
        decode_list_clear(to);
        step->run(step, from, to, &s->tmp, s->norm);
        struct decode_list *done = to;
        to = from;
        from = done;
    }
    if (d) {
        buf_adds(out, buf_str(&from->text));
        return;
    }
    for (size_t i = 0; i < from->n; i++) { /* no decoder */
        if (i)
            buf_addc(out, ' ');
        buf_adds(out, decode_list_at(from, i));
    }
}

static int add(struct decode *d, jnode *def, const char *path, unsigned depth, struct err *e)
{
    if (str_eqz(jn_str(jn_get(def, "type"), NULL), "Sequence")) {
        jnode *list = jn_get(def, "decoders");
        if (!jn_is_arr(list) || depth > 20)
            return err_set(e, ERR_DATA, "%s.decoders: must be a list%s", path,
                           depth > 20 ? ", and not nested so deeply" : "");
        for (size_t i = 0; i < jn_len(list); i++) {
            char *where = xasprintf("%s.decoders[%zu]", path, i);
            int rc = add(d, jn_at(list, i), where, depth + 1, e);
            free(where);
            if (rc != 0)
                return rc;
        }
        return 0;
    }
    if (d->n >= MAX_STEPS)
        return err_set(e, ERR_DATA, "%s: more than %d decoders", path, MAX_STEPS);
    d->steps = xreallocarray(d->steps, d->n + 1, sizeof *d->steps);
    if (decode_step_new(&d->steps[d->n], def, path, e) != 0)
        return -1;
    d->n++;
    return 0;
}

int decode_new(struct decode **out, jnode *def, const char *path, struct err *e)
{
    *out = NULL;
    if (jn_is_null(def))
        return 0;
    struct decode *d = xcalloc(1, sizeof *d);
    int rc = add(d, def, path, 0, e);
    if (rc != 0)
        decode_free(&d);
    *out = d;
    return rc;
}

int decode_new_text(struct decode **d, const char *json, struct err *e)
{
    struct jdoc *doc = jdoc_parse(str_of(json), "decoder", e);
    *d = NULL;
    int rc = doc ? decode_new(d, jdoc_root(doc), "decoder", e) : -1;
    jdoc_free(&doc);
    return rc;
}

void decode_free(struct decode **d)
{
    if (!*d)
        return;
    for (size_t i = 0; i < (*d)->n; i++)
        decode_step_free(&(*d)->steps[i]);
    free((*d)->steps);
    free(*d);
    *d = NULL;
}
