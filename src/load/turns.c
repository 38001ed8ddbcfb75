#include "load/turns.h"

static bool answers(enum plan_role r)
{
    return r == ROLE_ASSISTANT || r == ROLE_TOOL;
}

/* Where the turn that begins at `at` ends; `at` itself: nobody speaks any more. */
static uint32_t turn_end(const struct plan_sample *s, uint32_t at)
{
    bool spoken = false;
    uint32_t end = at, i = at;
    for (; i < s->n_msgs && !(spoken && answers(s->msgs[i].role)); i++) {
        if (s->msgs[i].role != ROLE_USER)
            continue;
        spoken = true;
        end = i + 1;
    }
    return at == 0 && !spoken ? s->n_msgs : end;
}

uint32_t turns_count(const struct plan_sample *s)
{
    uint32_t n = 0;
    for (uint32_t at = 0, end; at < s->n_msgs && (end = turn_end(s, at)) > at; at = end)
        n++;
    return MAX(n, 1u);
}

uint32_t turns_next(const struct plan_sample *s, bool canned, uint32_t *at, struct plan_msg *out)
{
    uint32_t n = 0, end = turn_end(s, *at);
    for (uint32_t i = *at; i < end; i++) {
        bool replaced = *at > 0 && answers(s->msgs[i].role);
        if (canned || !replaced)
            out[n++] = s->msgs[i];
    }
    *at = end;
    return n;
}
