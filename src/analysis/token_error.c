#include "analysis/token_error.h"

#include "stat/hist.h"

void token_error_init(struct token_error *t)
{
    *t = (struct token_error){.ttft = hist_new(), .itl = hist_new()};
}

void token_error_free(struct token_error *t)
{
    hist_free(&t->ttft);
    hist_free(&t->itl);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

void token_error_add(struct token_error *t, const struct record *r, int64_t epoch, const int64_t *written, size_t n)
{
    struct rec_iter it;
    struct rec_event ev;
    int64_t before = 0;
    t->requests++;
    if (r->outcome != OUT_OK) {
        t->failed++;
        return;
    }
    if (!written || n != r->n_events || n == 0) {
        t->unmatched++;
        return;
    }
    rec_iter_init(&it, r);
    for (size_t i = 0; i < n && rec_iter_next(&it, &ev); i++) {
        int64_t seen = epoch + ev.at;
        if (i == 0)
            hist_add(t->ttft, distance(seen, written[0]), 1);
        else
            hist_add(t->itl, distance(seen - before, written[i] - written[i - 1]), 1);
        before = seen;
        t->events++;
    }
}
