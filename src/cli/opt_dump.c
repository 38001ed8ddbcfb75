#include "cli/opt_dump.h"

#include "campaign/redact.h"

/* The word ("none") where the value is the word's. */
static bool is_word(const struct opt *o, const void *config)
{
    const char *place = (const char *)config + o->at;
    if (!o->word)
        return false;
    if (o->given) /* a value that is the word's all the same was given as itself */
        return !*(const bool *)((const char *)config + o->given);
    switch (o->kind) {
    case OPT_FLAG:
        return false;
    case OPT_STRING:
    case OPT_ENUM:
    case OPT_LIST:
        return *(const char *const *)place == NULL;
    case OPT_SMALLINT:
        return *(const int *)place == (int)o->word_value;
    case OPT_DOUBLE:
        return *(const double *)place != *(const double *)place;
    case OPT_INT:
    case OPT_UINT:
    case OPT_DURATION:
    case OPT_SIZE:
        break;
    }
    return *(const int64_t *)place == o->word_value;
}

/* A duration in the largest unit that it is whole in. */
static void duration_text(char out[64], int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {{NS_PER_S, "s"}, {NS_PER_MS, "ms"}, {NS_PER_US, "us"}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (ns % units[i].ns == 0) {
            snprintf(out, 64, "%lld%s", (long long)(ns / units[i].ns), units[i].unit);
            return;
        }
    }
    snprintf(out, 64, "%lldns", (long long)ns);
}

/* The fewest digits that read back as the same. */
static void double_text(char out[64], double v)
{
    for (int digits = 1; digits <= 17; digits++) {
        char text[64];
        double back;
        snprintf(text, sizeof text, "%.*g", digits, v);
        memcpy(out, text, sizeof text);
        if (parse_f64(str_of(text), &back) == 0 && memcmp(&back, &v, sizeof v) == 0)
            return;
    }
}

const char *opt_text(const struct opt *o, const void *config, size_t i, char out[64])
{
    const char *place = (const char *)config + o->at;
    if (o->kind != OPT_LIST && i > 0)
        return NULL;
    if (is_word(o, config))
        return o->kind == OPT_LIST ? NULL : o->word;
    switch (o->kind) {
    case OPT_FLAG:
        return *(const bool *)place ? "true" : "false";
    case OPT_STRING:
    case OPT_ENUM:
        return *(const char *const *)place;
    case OPT_LIST: {
        const char *const *v = *(const char *const *const *)place;
        for (size_t k = 0; v && v[k]; k++) {
            if (k == i)
                return v[k];
        }
        return NULL;
    }
    case OPT_INT:
        snprintf(out, 64, "%lld", (long long)*(const int64_t *)place);
        break;
    case OPT_UINT:
    case OPT_SIZE:
        snprintf(out, 64, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    case OPT_SMALLINT:
        snprintf(out, 64, "%d", *(const int *)place);
        break;
    case OPT_DOUBLE:
        double_text(out, *(const double *)place);
        break;
    case OPT_DURATION:
        duration_text(out, *(const int64_t *)place);
        break;
    }
    return out;
}

static void put_url(struct jout *j, const char *url)
{
    struct buf b = BUF_INIT(1u << 20);
    redact_url(&b, str_of(url));
    jo_str(j, buf_str(&b));
    buf_free(&b);
}

static void put_text(struct jout *j, const struct opt *o, const char *text)
{
    if (text && (o->flags & OPT_URL))
        put_url(j, text);
    else
        jo_strz(j, text);
}

static void put_value(struct jout *j, const struct opt *o, const void *config)
{
    char out[64];
    const char *text;
    if (o->kind != OPT_LIST) {
        put_text(j, o, opt_text(o, config, 0, out));
        return;
    }
    jo_arr(j);
    for (size_t i = 0; (text = opt_text(o, config, i, out)) != NULL; i++)
        put_text(j, o, text);
    jo_end_arr(j);
}

static bool left_out(const struct opt *o, const char *const *without)
{
    if (o->flags & OPT_SECRET)
        return true;
    for (; *without; without++) {
        if (strcmp(o->name, *without) == 0)
            return true;
    }
    return false;
}

void opt_dump(struct jout *j, const struct opt_table *t, const void *config, const struct opt_seen *seen,
              const char *const *without, bool level)
{
    jo_obj(j);
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        enum opt_source from = (enum opt_source)seen->source[i];
        bool of_level = from == OPT_FROM_LEVEL || from == OPT_FROM_STORED_LEVEL;
        if (from == OPT_FROM_DEFAULT || (level && !of_level) || seen->secret[i] || left_out(o, without))
            continue;
        jo_key(j, o->name);
        put_value(j, o, config);
    }
    jo_end_obj(j);
}

int opt_load(const struct opt_table *t, void *config, struct opt_seen *seen, jnode *options, enum opt_source from,
             struct err *e)
{
    for (size_t i = 0; i < jn_len(options); i++) {
        const char *name;
        jnode *v = jn_member(options, i, &name);
        const struct opt *o = opt_find(t, str_of(name));
        if (!o)
            return err_set(e, ERR_DATA, "options.%s: no such option", name);
        size_t n = jn_is_arr(v) ? jn_len(v) : 1;
        for (size_t k = 0; k < n; k++) {
            struct str text = jn_str(jn_is_arr(v) ? jn_at(v, k) : v, NULL);
            if (!text.p)
                return err_set(e, ERR_DATA, "options.%s: must be text", name);
            if (opt_set(t, config, seen, o, text.p, from, e) < 0)
                return err_prefix(e, "options.%s: ", name);
        }
    }
    return 0;
}
