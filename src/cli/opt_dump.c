#include "cli/opt_dump.h"

static void put_value(struct jout *j, const struct opt *o, const void *config)
{
    const char *place = (const char *)config + o->at;
    char text[64] = "";
    switch (o->kind) {
    case OPT_FLAG:
        jo_strz(j, *(const bool *)place ? "true" : "false");
        return;
    case OPT_STRING:
    case OPT_ENUM:
        jo_strz(j, *(const char *const *)place);
        return;
    case OPT_LIST:
        jo_arr(j);
        for (const char *const *v = *(const char *const *const *)place; v && *v; v++)
            jo_strz(j, *v);
        jo_end_arr(j);
        return;
    case OPT_INT:
        snprintf(text, sizeof text, "%lld", (long long)*(const int64_t *)place);
        break;
    case OPT_UINT:
    case OPT_SIZE:
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    case OPT_SMALLINT:
        snprintf(text, sizeof text, "%d", *(const int *)place);
        break;
    case OPT_DOUBLE:
        snprintf(text, sizeof text, "%.17g", *(const double *)place);
        break;
    case OPT_DURATION:
        snprintf(text, sizeof text, "%lldns", (long long)*(const int64_t *)place);
        break;
    }
    jo_strz(j, text);
}

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
              const char *const *without)
{
    jo_obj(j);
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        if (seen->source[i] == OPT_FROM_DEFAULT || left_out(o, without))
            continue;
        jo_key(j, o->name);
        if (is_word(o, config))
            jo_strz(j, o->word);
        else
            put_value(j, o, config);
    }
    jo_end_obj(j);
}

int opt_load(const struct opt_table *t, void *config, struct opt_seen *seen, jnode *options, struct err *e)
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
            if (opt_set(t, config, seen, o, text.p, OPT_FROM_FILE, e) < 0)
                return err_prefix(e, "options.%s: ", name);
        }
    }
    return 0;
}
