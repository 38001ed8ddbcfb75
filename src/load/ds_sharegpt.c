/* ds_sharegpt.c - conversations collected from users: {"conversations": [{"from": "human", "value": "..."}, ...]}, in
 * an array or one per line. As other programs have it, so that the same entries are sent: the first turn is the prompt
 * and the second its answer, whatever their roles are; conversations of fewer than two turns are left out, and by
 * default those of unusual lengths. A system turn in front is sent as such. The answer is not sent: its length counts.
 */
#include "load/ds_each.h"
#include "load/ds_formats.h"

static enum ds_sure sniff(struct str text, const char *path)
{
    char c = ds_first_char(text);
    bool turns = ds_head_has(text, "\"from\"") && ds_head_has(text, "\"value\"");
    return (c == '[' || c == '{') && turns && ds_head_has(text, "\"conversations\"") ? DS_BY_CONTENT : DS_NO;
}

struct turn {
    struct str from, value;
    bool has_from, has_value;
};

static int read_turn(const struct ds_reader *r, struct js *s, struct turn *t)
{
    struct str key;
    *t = (struct turn){.from = STR(""), .value = STR("")};
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "a turn is not an object; each turn needs from and value");
    const char *at = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        bool from = js_raw_eq(key, "from"), value = !from && js_raw_eq(key, "value");
        enum js_type type = js_peek(s);
        if ((from || value) && type != JS_STR && type != JS_BAD)
            return ds_fail(r->e, r->path, r->text, s->p, "\"%s\" is not a string; write its text in quotes",
                           from ? "from" : "value");
        int rc = from ? js_string(s, &t->from) : value ? js_string(s, &t->value) : js_skip(s, NULL);
        if (rc != 0)
            return rc;
        t->has_from |= from;
        t->has_value |= value;
    }
    if (s->bad)
        return DS_BAD_JSON;
    if (!t->has_from || !t->has_value)
        return ds_fail(r->e, r->path, r->text, at, "\"%s\" is missing; each turn needs from and value",
                       t->has_from ? "value" : "from");
    return 0;
}

struct talk {
    struct turn system, prompt, answer;
    size_t turns; /* but for the system's */
};

/* All turns are read, but only those that matter are looked into. */
static int read_turns(const struct ds_reader *r, struct js *s, struct talk *t)
{
    struct turn turn;
    if (js_peek(s) != JS_ARR && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "\"conversations\" is not an array of turns");
    js_enter(s, '[');
    while (js_elem(s)) {
        if (t->turns >= 2) {
            t->turns++;
            if (js_skip(s, NULL) != 0)
                return DS_BAD_JSON;
            continue;
        }
        int rc = read_turn(r, s, &turn);
        if (rc != 0)
            return rc;
        if (t->turns == 0 && !t->system.has_from && js_raw_eq(turn.from, "system"))
            t->system = turn;
        else if (t->turns++ == 0)
            t->prompt = turn;
        else
            t->answer = turn;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

static int read_entry(const struct ds_reader *r, struct js *s)
{
    struct talk t = {0};
    struct str key;
    bool has_turns = false;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "an entry is not an object; each needs conversations");
    const char *at = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        bool turns = js_raw_eq(key, "conversations");
        int rc = turns ? read_turns(r, s, &t) : js_skip(s, NULL);
        if (rc != 0)
            return rc;
        has_turns |= turns;
    }
    if (s->bad)
        return DS_BAD_JSON;
    if (!has_turns)
        return ds_fail(r->e, r->path, r->text, at, "\"conversations\" is missing; each entry needs its turns there");
    if (t.turns < 2) /* counted as an entry without message */
        return 0;
    if (t.system.value.n > 0)
        dataset_add_escaped(r->ds, ROLE_SYSTEM, t.system.value);
    if (t.prompt.value.n > 0)
        dataset_add_escaped(r->ds, ROLE_USER, t.prompt.value);
    dataset_set_answer(r->ds, t.answer.value, true);
    return 0;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    return ds_first_char(text) == '{' ? ds_each_line(&r, read_entry, e)
                                      : ds_each_element(&r, "conversations", read_entry, e);
}

const struct dataset_ops ds_sharegpt = {
    .name = "sharegpt",
    .help = "JSON array, or JSONL, of {conversations: [{from, value}]}",
    .lengths = "input:4..1024,output:4..,total:..2048",
    .sniff = sniff,
    .load = load,
};
