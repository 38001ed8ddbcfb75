/* fuzz_dataset.c - any bytes as each format: no crash; what is accepted is made of valid JSON strings and objects, what
 * is refused says why. First byte: the format in the lower four bits; 0x80: bad entries are left out; 0x40: fields have
 * other names. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/jscan.h"
#include "load/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_json(struct str text)
{
    struct js s;
    js_init(&s, text);
    if (js_skip(&s, NULL) != 0 || !js_done(&s))
        abort();
}

static void check_message(const struct plan_msg *m)
{
    if (m->raw_json.n > 0) {
        check_json(m->raw_json);
        return;
    }
    struct buf b = BUF_INIT(64 << 20);
    buf_addc(&b, '"');
    buf_adds(&b, m->content);
    buf_addc(&b, '"');
    check_json(buf_str(&b));
    buf_free(&b);
}

/* A request line and a header must not be broken by what a file holds. */
static void check_request(const struct plan_extra *x)
{
    const struct str parts[] = {x->method, x->path, x->type, x->origin};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        for (size_t k = 0; k < parts[i].n; k++) {
            unsigned char c = (unsigned char)parts[i].p[k];
            if (c < ' ' || c >= 0x7F || (c == ' ' && i != 2))
                abort();
        }
    }
    if (x->path.n > 0 && x->path.p[0] != '/')
        abort();
}

static void check_sample(const struct plan_sample *s, int64_t *at)
{
    if (s->extra)
        check_request(s->extra);
    if ((s->n_msgs == 0 && !s->extra) || s->max_tokens == 0 || s->max_tokens < -1)
        abort();
    for (uint32_t m = 0; m < s->n_msgs; m++)
        check_message(&s->msgs[m]);
    if (s->extra && (s->extra->at < *at || s->extra->tokens_in < -1))
        abort();
    *at = s->extra ? s->extra->at : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const formats[16] = {
        "auto",     "conversations", "messages", "text",  "auto",     "conversations", "messages", "text",
        "sharegpt", "ipex",          "mooncake", "azure", "burstgpt", "csv",           "jsonl",    "auto"};
    if (n < 1)
        return 0;
    struct err e = {0};
    struct str text = {(const char *)data + 1, n - 1};
    unsigned which = data[0] & 15;
    struct dataset_opts o = {
        .format = data[0] & 0x20 ? (which & 1 ? "targets" : "payload") : formats[which],
        .skip_bad = data[0] & 0x80,
        .fields = data[0] & 0x40 && which >= 13 ? "prompt=q,at=t.s" : NULL,
    };
    struct dataset *ds = dataset_load_text_with(text, which >= 4 && which < 8 ? "f.json" : "f", &o, &e);
    if (!ds) {
        if (e.code != ERR_DATA || !e.text[0])
            abort();
        return 0;
    }
    size_t messages = 0;
    int64_t at = -1;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        check_sample(dataset_at(ds, i), &at);
        messages += dataset_at(ds, i)->n_msgs;
    }
    if (messages != dataset_get_stats(ds)->messages)
        abort();
    dataset_free(&ds);
    return 0;
}
