/* fuzz_api_custom.c - any bytes as paths, as an answer and as a template: no crash, views inside the data, and a
 * template that is taken gives JSON. Input: paths, NUL, answer, NUL, template. */
#include <math.h>
#include <stdlib.h>

#include "api/api_custom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *next(const char **p, size_t *n)
{
    size_t k = strnlen(*p, *n);
    char *z = malloc(k + 1);
    memcpy(z, *p, k);
    z[k] = 0;
    *p += MIN(k + 1, *n);
    *n -= MIN(k + 1, *n);
    return z;
}

static void check_paths(const char *list, const char *json)
{
    struct api_paths p = {0};
    struct api_event ev;
    struct str whole = str_of(json);
    if (api_paths_add(&p, PATH_TEXT, "", list, NULL) < 0 || api_paths_add(&p, PATH_TOKENS, "", list, NULL) < 0 ||
        api_paths_add(&p, PATH_FINISH, "", list, NULL) < 0)
        return;
    if (api_paths_find(&p, whole, &ev) < 0)
        return;
    for (unsigned i = 0; i < ev.n_texts; i++) {
        if (ev.text[i].p < whole.p || ev.text[i].p + ev.text[i].n > whole.p + whole.n)
            abort();
    }
    if ((ev.completion_tokens >= 0) != ((ev.flags & API_USAGE) != 0) || ev.completion_tokens > 1000000000000)
        abort();
}

static void check_template(const char *text)
{
    static const struct plan_msg msg = {ROLE_USER, {"a \\\"b\\\" \\u00e9", 14}, {NULL, 0}};
    struct err e = {0};
    struct api_custom_opts co = {.body = text, .text = "t"};
    struct api_custom *c = api_custom_new(&co, &e);
    if (!c) {
        if (e.code != ERR_USAGE)
            abort();
        return;
    }
    struct api a;
    struct api_opts o = {.model = "m\"", .max_tokens = 3, .temperature = NAN, .custom = c};
    struct plan_sample s = {.msgs = &msg, .n_msgs = 1, .max_tokens = -1};
    struct plan_item it = {.what = &s};
    struct api_body b = {.spill = BUF_INIT(64u << 20)};
    if (api_prepare(&a, api_find(STR("custom")), &o, NULL) < 0)
        abort();
    api_render(&a, &it, &b);
    struct js js;
    js_init(&js, b.n ? (struct str){b.v[0].iov_base, b.v[0].iov_len} : STR(""));
    if (js_skip(&js, NULL) < 0 || !js_done(&js))
        abort();
    buf_free(&b.spill);
    api_free(&a);
    api_custom_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *p = (const char *)data;
    char *list = next(&p, &n), *json = next(&p, &n), *template = next(&p, &n);
    check_paths(list, json);
    check_template(template);
    free(list);
    free(json);
    free(template);
    return 0;
}
