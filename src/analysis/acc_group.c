#include "analysis/acc_group.h"

#include "base/xalloc.h"

static const char *const KINDS[] = {
    [GROUP_CLASS] = "class", [GROUP_MODEL] = "model", [GROUP_TURN] = "turn", [GROUP_INPUT] = "input"};

const char *group_kind_name(enum group_kind k)
{
    return KINDS[k];
}

int groups_parse(struct str text, unsigned *kinds, struct err *e)
{
    struct str_split it = {.rest = text, .sep = ','};
    struct str part;
    *kinds = 0;
    while (str_next(&it, &part)) {
        part = str_trim(part);
        unsigned found = str_eqz(part, "endpoint") ? GROUP_ENDPOINTS : 0;
        for (unsigned k = 0; k < GROUP_KINDS; k++)
            found |= str_eqz(part, KINDS[k]) ? 1U << k : 0;
        if (!found)
            return err_set(e, ERR_USAGE,
                           "\"%.*s\" is nothing that requests are told apart by; use class, model, turn, input or "
                           "endpoint",
                           (int)MIN(part.n, 60u), part.n ? part.p : "");
        *kinds |= found;
    }
    return 0;
}

void acc_groups_init(struct acc_groups *a, int64_t begin, unsigned asked)
{
    *a = (struct acc_groups){.begin = begin, .asked = asked};
}

void acc_groups_free(struct acc_groups *a)
{
    for (unsigned k = 0; k < GROUP_KINDS; k++) {
        for (size_t i = 0; i < a->n[k]; i++) {
            acc_endpoint_free(&a->g[k][i]->part);
            free(a->g[k][i]);
        }
        a->n[k] = 0;
    }
}

void acc_groups_window(struct acc_groups *a, int64_t w0, int64_t w1)
{
    a->w0 = w0;
    a->w1 = w1;
    for (unsigned k = 0; k < GROUP_KINDS; k++)
        for (size_t i = 0; i < a->n[k]; i++)
            tcount_window(&a->g[k][i]->part.tok_out, w0, w1);
}

struct value {
    char name[GROUP_NAME_BYTES];
    uint64_t order, hash;
};

/* A name that is too long is cut between characters, and told from others by all of its bytes. */
static void name_value(struct value *v, struct str text)
{
    size_t n = MIN(text.n, (size_t)GROUP_NAME_BYTES - 1);
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    memcpy(v->name, text.p, n);
    v->name[n] = 0;
    v->hash = 14695981039346656037U;
    for (size_t i = 0; i < text.n; i++)
        v->hash = (v->hash ^ (unsigned char)text.p[i]) * 1099511628211U;
}

/* false: the request has none of this kind. */
static bool value_of(const struct acc_groups *a, enum group_kind k, const struct record *r, struct value *v)
{
    struct str text = k == GROUP_CLASS ? r->klass : r->model;
    v->order = v->hash = 0;
    switch (k) {
    case GROUP_CLASS:
    case GROUP_MODEL:
        if (text.n > 0)
            name_value(v, text);
        return text.n > 0;
    case GROUP_TURN:
        v->order = (uint64_t)r->turn + 1;
        snprintf(v->name, sizeof v->name, "%u", r->turn + 1);
        return r->turns > 0;
    default:
        break;
    }
    if (!(a->asked >> GROUP_INPUT & 1) || r->tokens_in < 0)
        return false;
    uint64_t below = 128; /* then in powers of two */
    while (below <= (uint64_t)r->tokens_in && below < (uint64_t)1 << 40)
        below *= 2;
    v->order = below;
    snprintf(v->name, sizeof v->name, "%llu-%llu", below == 128 ? 0ULL : (unsigned long long)below / 2,
             (unsigned long long)below - 1);
    return true;
}

static struct acc_group *find(struct acc_groups *a, enum group_kind k, const struct value *v)
{
    for (size_t i = 0; i < a->n[k]; i++) {
        struct acc_group *g = a->g[k][i];
        if (g->order == v->order && g->hash == v->hash && strcmp(g->name, v->name) == 0)
            return g;
    }
    if (a->n[k] == GROUPS_MAX + 1)
        return a->g[k][GROUPS_MAX];
    bool rest = a->n[k] == GROUPS_MAX;
    struct acc_group *g = xcalloc(1, sizeof *g);
    acc_endpoint_init(&g->part, a->begin);
    tcount_window(&g->part.tok_out, a->w0, a->w1);
    snprintf(g->name, sizeof g->name, "%s", rest ? "(others)" : v->name);
    g->order = rest ? UINT64_MAX : v->order;
    g->hash = v->hash;
    return a->g[k][a->n[k]++] = g;
}

size_t acc_groups_of(struct acc_groups *a, const struct record *r, struct acc_endpoint *out[GROUP_KINDS])
{
    size_t n = 0;
    if (r->outcome == OUT_UNSENT)
        return 0;
    for (unsigned k = 0; k < GROUP_KINDS; k++) {
        struct value v;
        if (value_of(a, (enum group_kind)k, r, &v))
            out[n++] = &find(a, (enum group_kind)k, &v)->part;
    }
    return n;
}

static int by_order(const void *x, const void *y)
{
    const struct acc_group *a = *(struct acc_group *const *)x, *b = *(struct acc_group *const *)y;
    int by_name = strcmp(a->name, b->name);
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return by_name ? by_name : (a->hash > b->hash) - (a->hash < b->hash);
}

void acc_groups_finish(struct acc_groups *a, const struct summary *s, struct sum_level *out)
{
    size_t total = 0;
    for (unsigned k = 0; k < GROUP_KINDS; k++)
        total += a->n[k];
    out->groups = xcalloc(total + 1, sizeof *out->groups);
    for (unsigned k = 0; k < GROUP_KINDS; k++) {
        if (a->n[k] == 0 || (a->n[k] == 1 && !(a->asked >> k & 1)))
            continue;
        qsort(a->g[k], a->n[k], sizeof a->g[k][0], by_order);
        for (size_t i = 0; i < a->n[k]; i++) {
            struct sum_group *g = &out->groups[out->n_groups];
            struct acc_endpoint *part = &a->g[k][i]->part;
            if (part->members == 0) /* of the warm-up alone */
                continue;
            g->kind = (enum group_kind)k;
            memcpy(g->name, a->g[k][i]->name, sizeof g->name);
            acc_endpoint_finish(part, s, out, &g->part);
            out->n_groups++;
        }
    }
}
