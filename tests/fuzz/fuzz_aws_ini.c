/* fuzz_aws_ini.c - any bytes as a profile file: no crash; what is accepted is read in the same way once it is written
 * out plainly; no error shows what stands in the file; and words of any text are as long as they may be. */
#include <stdlib.h>

#include "auth/aws_ini.h"
#include "base/buf.h"
#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* One line per line of a value, deeper and deeper than its key. */
static void write_out(struct buf *b, const struct aws_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        buf_addf(b, "[%s]\n", ini->sections[i].name);
        for (size_t k = 0; k < ini->sections[i].n; k++) {
            buf_addf(b, "%s = ", ini->sections[i].keys[k].name);
            for (const char *p = ini->sections[i].keys[k].value; *p; p++)
                buf_addz(b, *p == '\n' ? "\n  " : (char[]){*p, 0});
            buf_addc(b, '\n');
        }
    }
}

static void compare(const struct aws_ini *a, const struct aws_ini *b)
{
    must(a->n == b->n);
    for (size_t i = 0; i < a->n; i++) {
        must(strcmp(a->sections[i].name, b->sections[i].name) == 0 && a->sections[i].n == b->sections[i].n);
        for (size_t k = 0; k < a->sections[i].n; k++) {
            const struct aws_ini_key *x = &a->sections[i].keys[k], *y = &b->sections[i].keys[k];
            must(strcmp(x->name, y->name) == 0 && strcmp(x->value, y->value) == 0);
        }
    }
}

/* Values of one line, and names that a plain line can hold. */
static bool is_plain(const struct aws_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        const struct aws_ini_section *s = &ini->sections[i];
        if (!*s->name || strlen(s->name) != strcspn(s->name, "\r\n"))
            return false;
        for (size_t k = 0; k < s->n; k++)
            if (strchr("[#;", s->keys[k].name[0]) || strpbrk(s->keys[k].name, "=:") ||
                strpbrk(s->keys[k].value, "\r\n"))
                return false;
    }
    return true;
}

static void check_words(struct str text)
{
    size_t n = 0, bytes = 0;
    char **w = aws_words(text, &n);
    for (size_t i = 0; w && i < n; i++)
        bytes += strlen(w[i]);
    must(!w || (w[n] == NULL && bytes <= text.n));
    free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct aws_ini ini, again;
    struct err e = {0};
    check_words(text);
    if (aws_ini_parse(&ini, text, "f", &e) != 0) {
        must(e.code == ERR_DATA && e.line > 0 && strncmp(e.text, "f:", 2) == 0);
    } else if (is_plain(&ini)) {
        struct buf b = BUF_INIT(4 * n + 100000);
        buf_addz(&b, "");
        write_out(&b, &ini);
        must(!b.failed && aws_ini_parse(&again, buf_str(&b), "f", NULL) == 0);
        compare(&ini, &again);
        aws_ini_free(&again);
        buf_free(&b);
    }
    aws_ini_free(&ini);
    return 0;
}
