#include "load/ds_lengths.h"

static const char *const NAMES[DS_LENGTHS] = {"input", "output", "total"};

static int parse_bound(struct str s, uint64_t none, uint64_t *out)
{
    if (s.n == 0) {
        *out = none;
        return 0;
    }
    return parse_u64(s, out);
}

static int parse_term(struct ds_lengths *l, struct str term, struct err *e)
{
    ptrdiff_t colon = str_chr(term, ':'), dots = str_find(term, STR(".."));
    for (int i = 0; i < DS_LENGTHS && colon >= 0 && dots > colon; i++) {
        if (!str_eqz(str_trim(str_sub(term, 0, (size_t)colon)), NAMES[i]))
            continue;
        struct str low = str_trim(str_sub(term, (size_t)colon + 1, (size_t)(dots - colon - 1)));
        struct str high = str_trim(str_sub(term, (size_t)dots + 2, term.n));
        if (parse_bound(low, 0, &l->min[i]) != 0 || parse_bound(high, UINT64_MAX, &l->max[i]) != 0)
            break;
        if (l->min[i] > l->max[i])
            return err_set(e, ERR_USAGE, "'" STR_FMT "' keeps nothing; the first number is above the second",
                           STR_ARG(term));
        return 0;
    }
    return err_set(e, ERR_USAGE, "'" STR_FMT "' is no range of lengths; write input:4..1024,output:4..,total:..2048",
                   (int)MIN(term.n, 100u), term.p);
}

int ds_lengths_parse(struct ds_lengths *l, const char *text, struct err *e)
{
    for (int i = 0; i < DS_LENGTHS; i++) {
        l->min[i] = 0;
        l->max[i] = UINT64_MAX;
    }
    if (!text || strcmp(text, "none") == 0)
        return 0;
    struct str_split it = {.rest = str_of(text), .sep = ','};
    struct str term;
    while (str_next(&it, &term)) {
        if (parse_term(l, str_trim(term), e) != 0)
            return -1;
    }
    return 0;
}

bool ds_lengths_keep(const struct ds_lengths *l, uint64_t input, int64_t output)
{
    uint64_t n[DS_LENGTHS] = {input, (uint64_t)MAX(output, 0), input + (uint64_t)MAX(output, 0)};
    for (int i = 0; i < DS_LENGTHS; i++) {
        if (i == DS_OUTPUT && output < 0)
            continue;
        if (n[i] < l->min[i] || n[i] > l->max[i])
            return false;
    }
    return true;
}
