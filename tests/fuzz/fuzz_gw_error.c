/* fuzz_gw_error.c - any refusal of an upstream: no crash, an error of OpenAI's shape in valid UTF-8, within its room.
 * First byte: which status; then the error's type up to a line's end, then the body. */
#include <stdlib.h>

#include "base/jscan.h"
#include "base/utf8.h"
#include "gateway/gw_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const int statuses[] = {400, 401, 403, 404, 413, 424, 429, 500, 503, 504, 302};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct gw_error e;
    struct str rest, raw, type;
    if (n == 0)
        return 0;
    rest = (struct str){(const char *)data + 1, n - 1};
    ptrdiff_t end = str_chr(rest, '\n');
    type = str_sub(rest, 0, end < 0 ? 0 : (size_t)end);
    gw_error_of_upstream(&e, statuses[data[0] % ARRAY_LEN(statuses)], type, str_sub(rest, (size_t)(end + 1), rest.n));
    if (e.status < 400 || e.status > 599 || !e.type[0] || !e.text[0])
        abort();
    if (!memchr(e.text, 0, sizeof e.text) || utf8_bad(str_of(e.text)))
        abort();
    struct buf b = BUF_INIT(1 << 16);
    gw_error_json(&e, &b);
    if (js_path(buf_str(&b), "error.message", &raw) < 0)
        abort();
    buf_free(&b);
    return 0;
}
