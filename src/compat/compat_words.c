#include "compat/compat_words.h"

#include "base/buf.h"
#include "base/xalloc.h"

static void add(struct compat_words *w, char *word)
{
    if (w->n + 2 > w->cap) {
        w->cap = w->cap ? w->cap * 2 : 32;
        w->v = xreallocarray(w->v, w->cap, sizeof *w->v);
    }
    w->v[w->n++] = word;
    w->v[w->n] = NULL;
}

void compat_word(struct compat_words *w, const char *word)
{
    add(w, xstrdup(word));
}

void compat_opt(struct compat_words *w, const char *option, const char *fmt, ...)
{
    struct buf b = BUF_INIT(SIZE_MAX);
    va_list ap;
    buf_addf(&b, "%s=", option);
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    add(w, buf_take(&b));
}

void compat_words_free(struct compat_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->v[i]);
    free(w->v);
    *w = (struct compat_words){0};
}
