/* fuzz_tok_regex.c - any bytes as a pattern (up to the first NUL) and a text behind it: a pattern is refused with its
 * place, or its matches follow one another inside the text, the same at a second pass. The first byte chooses whose
 * meaning holds. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_regex.h"
#include "tok/tok_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t matches(const struct regex *r, struct regex_scratch *s, struct str text, size_t *covered)
{
    struct regex_walk w = {.text = text};
    size_t start, end, last = 0, count = 0;
    *covered = 0;
    while (regex_next(r, s, &w, &start, &end)) {
        if (start < last || end < start || end > text.n || ++count > text.n + 1)
            abort();
        if ((start < text.n && ((unsigned char)text.p[start] & 0xC0) == 0x80) ||
            (end < text.n && ((unsigned char)text.p[end] & 0xC0) == 0x80))
            abort(); /* inside a character */
        *covered += end - start;
        last = end;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct regex *r = NULL;
    struct err e = {0};
    if (n < 2)
        return 0;
    const char *p = (const char *)data + 1;
    const char *nul = memchr(p, 0, n - 1);
    struct str pattern = {p, nul ? (size_t)(nul - p) : n - 1};
    struct str text = nul ? (struct str){nul + 1, n - 2 - pattern.n} : (struct str){"", 0};
    if (utf8_valid(pattern) != pattern.n || utf8_valid(text) != text.n)
        return 0;
    if (regex_new(&r, pattern, data[0] == 't', &e) != 0) {
        if (r || !strstr(e.text, "pattern"))
            abort();
        return 0;
    }
    struct regex_scratch *s = regex_scratch_new();
    size_t covered, again;
    size_t count = matches(r, s, text, &covered);
    if (matches(r, s, text, &again) != count || again != covered)
        abort();
    regex_scratch_free(&s);
    regex_free(&r);
    return 0;
}
