/* opt_value.c - reads one option's value as its row says. */
#include "cli/opt.h"

#include <math.h>

#include "base/xalloc.h"

static void *place(const struct opt *o, void *config)
{
    return (char *)config + o->at;
}

static int read_flag(const char *v, bool *out, struct err *e)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_ieq(str_of(v), str_of(yes[i]))) {
            *out = true;
            return 0;
        }
        if (str_ieq(str_of(v), str_of(no[i]))) {
            *out = false;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "say 1 or 0");
}

static int read_choice(const struct opt *o, const char *v, const char **out, struct err *e)
{
    const char *words[33] = {0};
    char text[512];
    snprintf(text, sizeof text, "%s", o->choices);
    size_t n = 0;
    char *save = NULL;
    for (char *w = strtok_r(text, " ", &save); w && n < ARRAY_LEN(words) - 1; w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], v) == 0) {
            *out = v;
            return 0;
        }
    }
    char list[700] = "";
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    const char *near = opt_nearest(str_of(v), words);
    return near ? err_set(e, ERR_USAGE, "must be one of %s; did you mean %s?", list, near)
                : err_set(e, ERR_USAGE, "must be one of %s", list);
}

/* The range of a row, for a value already read. */
static int in_range(const struct opt *o, double v, struct err *e)
{
    const char *unit = o->kind == OPT_DURATION ? "s" : "";
    if ((o->flags & OPT_POSITIVE) && !(v > 0))
        return o->kind == OPT_UINT || o->kind == OPT_INT || o->kind == OPT_SMALLINT || o->kind == OPT_SIZE
                   ? err_set(e, ERR_USAGE, "must be at least 1")
                   : err_set(e, ERR_USAGE, "must be above 0");
    if (v < o->min && o->kind != OPT_UINT && o->kind != OPT_SIZE)
        return err_set(e, ERR_USAGE, "must be at least %.12g%s", o->min, unit);
    if (v < o->min)
        return err_set(e, ERR_USAGE, "must be at least %.0f", o->min);
    if (o->max != 0 && v > o->max)
        return err_set(e, ERR_USAGE, "must be at most %.12g%s", o->max, unit);
    return 0;
}

static int read_int(const struct opt *o, const char *v, int64_t *out, struct err *e)
{
    int64_t i;
    if (parse_i64(str_of(v), &i) != 0)
        return err_set(e, ERR_USAGE, "is not a whole number");
    *out = i;
    return in_range(o, (double)i, e);
}

static int read_uint(const struct opt *o, const char *v, uint64_t *out, struct err *e)
{
    uint64_t u;
    int64_t i;
    double d;
    if (parse_u64(str_of(v), &u) == 0) {
        *out = u;
        return in_range(o, (double)u, e);
    }
    if (parse_i64(str_of(v), &i) == 0)
        return err_set(e, ERR_USAGE, "must be at least %.0f", (o->flags & OPT_POSITIVE) ? 1.0 : MAX(o->min, 0.0));
    if (parse_f64(str_of(v), &d) == 0)
        return err_set(e, ERR_USAGE, "must be a whole number%s", d > 1e18 ? " below 18446744073709551616" : "");
    return err_set(e, ERR_USAGE, "is not a whole number");
}

static int read_double(const struct opt *o, const char *v, double *out, struct err *e)
{
    double d;
    if (parse_f64(str_of(v), &d) != 0)
        return err_set(e, ERR_USAGE, "is not a number");
    *out = d;
    return in_range(o, d, e);
}

static int read_duration(const struct opt *o, const char *v, int64_t *out, struct err *e)
{
    int64_t ns;
    if (parse_duration(str_of(v), &ns) != 0) {
        if (v[0] == '-' && parse_duration(str_of(v + 1), &ns) == 0)
            return err_set(e, ERR_USAGE, (o->flags & OPT_POSITIVE) ? "must be above 0" : "must not be negative");
        return err_set(e, ERR_USAGE, "is not a duration; write 500ms, 10s or 2m");
    }
    *out = ns;
    return in_range(o, (double)ns / 1e9, e);
}

static int read_size(const struct opt *o, const char *v, uint64_t *out, struct err *e)
{
    uint64_t bytes;
    if (parse_size(str_of(v), &bytes) != 0)
        return err_set(e, ERR_USAGE, "is not a size; write 512, 64k or 10M");
    *out = bytes;
    return in_range(o, (double)bytes, e);
}

static void append(const char ***list, const char *v)
{
    size_t n = 0;
    while (*list && (*list)[n])
        n++;
    const char **grown = xreallocarray((void *)*list, n + 2, sizeof **list);
    grown[n] = v;
    grown[n + 1] = NULL;
    *list = grown;
}

static void store_word(const struct opt *o, void *config)
{
    switch (o->kind) {
    case OPT_INT:
    case OPT_DURATION:
        *(int64_t *)place(o, config) = o->word_value;
        break;
    case OPT_UINT:
    case OPT_SIZE:
        *(uint64_t *)place(o, config) = (uint64_t)o->word_value;
        break;
    case OPT_SMALLINT:
        *(int *)place(o, config) = (int)o->word_value;
        break;
    case OPT_DOUBLE:
        *(double *)place(o, config) = (double)NAN;
        break;
    case OPT_FLAG:
    case OPT_STRING:
    case OPT_ENUM:
    case OPT_LIST:
        *(const char **)place(o, config) = NULL;
        break;
    }
}

int opt_store(const struct opt *o, void *config, const char *value, struct err *e)
{
    void *p = place(o, config);
    if (o->word && strcmp(o->word, value) == 0) {
        store_word(o, config);
        return 0;
    }
    if (o->check && o->check(value, e) != 0)
        return -1;
    switch (o->kind) {
    case OPT_FLAG:
        return read_flag(value, p, e);
    case OPT_STRING:
        *(const char **)p = value;
        return 0;
    case OPT_ENUM:
        return read_choice(o, value, p, e);
    case OPT_LIST:
        append(p, value);
        return 0;
    case OPT_INT:
        return read_int(o, value, p, e);
    case OPT_UINT:
        return read_uint(o, value, p, e);
    case OPT_SMALLINT: {
        int64_t i = 0;
        if (read_int(o, value, &i, e) != 0)
            return -1;
        if (i < INT32_MIN || i > INT32_MAX)
            return err_set(e, ERR_USAGE, "is out of range");
        *(int *)p = (int)i;
        return 0;
    }
    case OPT_DOUBLE:
        return read_double(o, value, p, e);
    case OPT_DURATION:
        return read_duration(o, value, p, e);
    case OPT_SIZE:
        return read_size(o, value, p, e);
    }
    return err_set(e, ERR_INTERNAL, "an option of unknown kind");
}
