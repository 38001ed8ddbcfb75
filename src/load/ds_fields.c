#include "load/ds_fields.h"

#include "load/ds_formats.h"
#include "load/ds_tokens.h"

const struct ds_map ds_map_plain = {.name = {
                                        [FIELD_PROMPT] = {"prompt", 6},
                                        [FIELD_SYSTEM] = {"system", 6},
                                        [FIELD_ANSWER] = {"answer", 6},
                                        [FIELD_MAX_TOKENS] = {"max_tokens", 10},
                                        [FIELD_INPUT_TOKENS] = {"input_tokens", 12},
                                        [FIELD_CLASS] = {"class", 5},
                                        [FIELD_MODEL] = {"model", 5},
                                        [FIELD_AT] = {"at", 2},
                                    }};

int ds_map_parse(struct ds_map *map, const char *text, struct err *e)
{
    struct str_split it = {.rest = str_of(text), .sep = ','};
    struct str term;
    while (text && str_next(&it, &term)) {
        ptrdiff_t eq = str_chr(term, '=');
        struct str ours = str_trim(str_sub(term, 0, eq < 0 ? 0 : (size_t)eq));
        struct str theirs = str_trim(str_sub(term, (size_t)(eq + 1), term.n));
        if (eq < 0 || theirs.n == 0)
            return err_set(e, ERR_USAGE, "'" STR_FMT "' maps no field; write prompt=NAME,max_tokens=NAME",
                           STR_ARG(term));
        size_t i = 0;
        while (i < FIELD_N && !str_eq(ours, ds_map_plain.name[i]))
            i++;
        if (i == FIELD_N)
            return err_set(e, ERR_USAGE,
                           "'" STR_FMT "' is no field; the fields are prompt, system, answer, max_tokens, "
                           "input_tokens, class, model and at",
                           STR_ARG(ours));
        map->name[i] = theirs;
        map->given[i] = true;
    }
    return 0;
}

/* Digits at *p, `n` of them exactly. */
static bool digits(const char **p, const char *end, int n, int64_t *out)
{
    *out = 0;
    for (; n > 0; n--, (*p)++) {
        if (*p == end || (unsigned char)(**p - '0') > 9)
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

/* A fraction at *p, when there is one, in units of 1/one; digits beyond the last place do not count. */
static bool fraction(const char **p, const char *end, int64_t one, int64_t *out)
{
    *out = 0;
    if (*p == end || **p != '.')
        return true;
    const char *q = *p + 1;
    for (; q < end && (unsigned char)(*q - '0') <= 9; q++) {
        one /= 10;
        *out += one * (*q - '0');
    }
    bool any = q > *p + 1;
    *p = q;
    return any;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar: years counted from March, so that the leap day is the last.
 */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, of_era = y % 400, of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool zone(const char **p, const char *end, int64_t *s)
{
    int64_t h, m = 0;
    *s = 0;
    if (*p == end)
        return true;
    char sign = *(*p)++;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !digits(p, end, 2, &h))
        return false;
    if (*p < end && **p == ':')
        (*p)++;
    if (*p < end && !digits(p, end, 2, &m))
        return false;
    *s = (h * 3600 + m * 60) * (sign == '-' ? -1 : 1);
    return h <= 23 && m <= 59;
}

static bool expect(const char **p, const char *end, const char *any)
{
    return *p < end && memchr(any, *(*p)++, strlen(any));
}

static bool date_time(const char *p, const char *end, int64_t *ns)
{
    int64_t y, mo, d, h, mi, s, part, off;
    if (!digits(&p, end, 4, &y) || !expect(&p, end, "-/") || !digits(&p, end, 2, &mo) || !expect(&p, end, "-/") ||
        !digits(&p, end, 2, &d) || !expect(&p, end, "T ") || !digits(&p, end, 2, &h) || !expect(&p, end, ":") ||
        !digits(&p, end, 2, &mi) || !expect(&p, end, ":") || !digits(&p, end, 2, &s) ||
        !fraction(&p, end, NS_PER_S, &part) || !zone(&p, end, &off) || p != end)
        return false;
    if (y < 1970 || y > 2200 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
        return false;
    *ns = (days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - off) * NS_PER_S + part;
    return true;
}

int ds_instant_parse(struct str s, int64_t unit, int64_t *ns)
{
    const char *p = s.p, *end = s.p + s.n;
    int64_t whole = 0, part, t;
    size_t n = 0;
    while (n < s.n && (unsigned char)(p[n] - '0') <= 9)
        n++;
    if (n == 4 && n < s.n && (p[n] == '-' || p[n] == '/')) {
        if (!date_time(p, end, &t))
            return -1;
        *ns = t;
        return 0;
    }
    if (n == 0 || parse_i64(str_sub(s, 0, n), &whole) != 0)
        return -1;
    p += n;
    if (!fraction(&p, end, unit, &part) || p != end || __builtin_mul_overflow(whole, unit, &t) ||
        __builtin_add_overflow(t, part, &t) || t > DATASET_INSTANT_MAX)
        return -1;
    *ns = t;
    return 0;
}

static void add_text(struct dataset *ds, enum plan_role role, struct str text, bool escaped)
{
    if (escaped)
        dataset_add_escaped(ds, role, text);
    else
        dataset_add_plain(ds, role, text);
}

/* "3" and "3.0". */
static int whole_number(struct str s, int64_t *n)
{
    double d;
    s = str_trim(s);
    if (parse_i64(s, n) == 0)
        return *n >= 0 ? 0 : -1;
    if (parse_f64(s, &d) != 0 || d < 0 || d > 1e15 || d != (double)(int64_t)d)
        return -1;
    *n = (int64_t)d;
    return 0;
}

static int put_numbers(const struct ds_reader *r, const struct ds_map *map, const struct ds_values *v, const char *at,
                       bool *nothing)
{
    static const enum ds_field which[] = {FIELD_MAX_TOKENS, FIELD_INPUT_TOKENS};
    for (size_t i = 0; i < ARRAY_LEN(which); i++) {
        enum ds_field f = which[i];
        int64_t n;
        if (!v->has[f])
            continue;
        if (whole_number(v->v[f], &n) != 0 || n > DS_TOKENS_MAX)
            return ds_fail(r->e, r->path, r->text, at, "\"" STR_FMT "\" is not a whole number from 0 to %d",
                           STR_ARG(map->name[f]), DS_TOKENS_MAX);
        if (f == FIELD_MAX_TOKENS)
            dataset_set_max_tokens(r->ds, n);
        else
            dataset_extra(r->ds)->tokens_in = n;
        *nothing |= n == 0;
    }
    int64_t ns;
    if (v->has[FIELD_AT] && ds_instant_parse(str_trim(v->v[FIELD_AT]), v->unit, &ns) != 0)
        return ds_fail(r->e, r->path, r->text, at,
                       "\"" STR_FMT "\" is no instant; write a number or a date and time like 2024-05-10 00:00:00.5",
                       STR_ARG(map->name[FIELD_AT]));
    if (v->has[FIELD_AT])
        dataset_set_instant(r->ds, ns);
    return 0;
}

/* A name is kept plain, to be compared with those of options: who writes it into JSON escapes it. */
static int put_name(const struct ds_reader *r, const struct ds_map *map, const struct ds_values *v, enum ds_field f,
                    const char *at)
{
    struct str text = v->v[f];
    if (!v->has[f] || text.n == 0)
        return 0;
    if (v->escaped) {
        char *room = buf_room(dataset_scratch(r->ds), text.n);
        text = (struct str){room, js_decode(text, room)};
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < ' ' || c == 0x7F)
            return ds_fail(r->e, r->path, r->text, at, "\"" STR_FMT "\" has a control character, 0x%02x; it is a name",
                           STR_ARG(map->name[f]), c);
    }
    if (text.n > PLAN_NAME_MAX)
        return ds_fail(r->e, r->path, r->text, at, "\"" STR_FMT "\" is longer than the %d bytes of a name",
                       STR_ARG(map->name[f]), PLAN_NAME_MAX);
    struct plan_extra *x = dataset_extra(r->ds);
    *(f == FIELD_CLASS ? &x->klass : &x->model) = dataset_keep(r->ds, text);
    return 0;
}

static int put_prompt(const struct ds_reader *r, const struct ds_map *map, const struct ds_values *v, const char *at)
{
    struct dataset *ds = r->ds;
    if (v->has[FIELD_PROMPT]) {
        if (v->v[FIELD_PROMPT].n > 0)
            add_text(ds, ROLE_USER, v->v[FIELD_PROMPT], v->escaped);
        return 0;
    }
    enum ds_field f = map->name[FIELD_PROMPT].n ? FIELD_PROMPT : FIELD_INPUT_TOKENS;
    if (!v->has[FIELD_INPUT_TOKENS])
        return ds_fail(r->e, r->path, r->text, at,
                       "\"" STR_FMT "\" is missing; --dataset-fields " STR_FMT "=NAME says what it is called here",
                       STR_ARG(map->name[f]), STR_ARG(ds_map_plain.name[f]));
    uint64_t n = (uint64_t)dataset_extra(ds)->tokens_in;
    if (dataset_get_stats(ds)->text_bytes + n * DS_MADE_MAX_BYTES > DS_MADE_TOTAL_BYTES)
        return ds_fail(r->e, r->path, r->text, at,
                       "the prompts up to here are longer than 8 GiB together; take a part of the trace");
    struct buf *b = dataset_scratch(ds);
    if (ds_make(r, b, DS_KEY_ENTRY(dataset_n(ds)), n) != 0)
        return DS_SAID;
    return ds_add_made(r, b, n);
}

int ds_put(const struct ds_reader *r, const struct ds_map *map, const struct ds_values *v, const char *at)
{
    bool nothing = false; /* an entry without input or output is counted as skipped */
    if (put_numbers(r, map, v, at, &nothing) != 0)
        return DS_SAID;
    if (nothing)
        return 0;
    if (v->has[FIELD_SYSTEM] && v->v[FIELD_SYSTEM].n > 0)
        add_text(r->ds, ROLE_SYSTEM, v->v[FIELD_SYSTEM], v->escaped);
    if (v->has[FIELD_ANSWER])
        dataset_set_answer(r->ds, v->v[FIELD_ANSWER], v->escaped);
    if (put_name(r, map, v, FIELD_CLASS, at) != 0 || put_name(r, map, v, FIELD_MODEL, at) != 0)
        return DS_SAID;
    return put_prompt(r, map, v, at);
}
