/* benchmark_hints.c - what the document says to look at when results seem wrong, said where they do. */
#include <math.h>

#include "compat/benchmark.h"

#define CUT_SHARE 0.5   /* of the successes of a level */
#define EMPTY_SHARE 0.1 /* likewise */

enum { HINT_BYTES = 1024 };

/* " (QPS 1.0, 5.0)" of the levels in question, " (all levels)" of several; false: there are none. */
static bool levels_text(char out[HINT_BYTES], const struct bm_run *r, bool (*is)(const struct bm_level *v))
{
    size_t at = 0, n = 0;
    char q[32];
    for (size_t i = 0; i < r->n; i++)
        if (is(&r->v[i]) && at + 64 < HINT_BYTES)
            at += (size_t)snprintf(out + at, HINT_BYTES - at, "%s%s", n++ ? ", " : " (QPS ",
                                   bm_rate_text(q, r->v[i].target));
    if (n == r->n && n > 1)
        snprintf(out, HINT_BYTES, " (all levels)");
    else if (n > 0)
        snprintf(out + at, HINT_BYTES - at, ")");
    return n > 0;
}

static bool is_alike(const struct bm_level *v)
{
    return v->l->alike;
}

static bool is_cut(const struct bm_level *v)
{
    return v->ok > 0 && (double)v->cut >= CUT_SHARE * (double)v->ok;
}

static bool is_empty(const struct bm_level *v)
{
    return v->empty > 0 && (double)v->empty >= EMPTY_SHARE * (double)v->ok;
}

static bool is_unstreamed(const struct bm_level *v)
{
    return v->ok > v->empty && !isfinite(v->ttft.v[0]);
}

static bool is_uncounted(const struct bm_level *v)
{
    return v->counted < v->ok;
}

static const char *cause_of(const char *error)
{
    static const struct {
        const char *error, *cause;
    } known[] = {
        {"HTTP 401", "the endpoint does not accept --api-key"},
        {"HTTP 403", "the endpoint does not accept --api-key"},
        {"HTTP 404", "the path of --endpoint is wrong, or the endpoint has no model of that --model"},
        {"HTTP 400", "the endpoint refuses the request: --model, --max-tokens or the length of the conversations"},
        {"HTTP 429", "the endpoint limits its clients: begin at a lower rate"},
        {"HTTP 503", "the endpoint is overloaded, or not ready: begin at a lower rate"},
        {"Connection refused", "nothing listens at --endpoint (is the server running, on this port?)"},
        {"Timeout", "the endpoint takes longer than 60 s: begin at a lower rate, or with a smaller --max-tokens"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i].error, error) == 0)
            return known[i].cause;
    return "the URL, the key or the model's name may be wrong";
}

static void put_failing(struct buf *b, const char *error)
{
    buf_addf(b, "💡 All requests fail: %s. Verify credentials and test with a single request: --qps 0.1 --duration 10\n",
             cause_of(error));
}

bool bm_put_refusal(struct buf *b, const char *text)
{
    char error[32];
    const char *status = strstr(text, "status ");
    unsigned code;
    if (strncmp(text, "probe: ", 7) != 0)
        return false;
    if (status && sscanf(status, "status %3u", &code) == 1 && code >= 400)
        snprintf(error, sizeof error, "HTTP %u", code);
    else if (strstr(text, "connection refused"))
        snprintf(error, sizeof error, "Connection refused");
    else
        return false;
    put_failing(b, error);
    return true;
}

/* The most frequent error of all levels. */
static const char *most_frequent(const struct bm_run *r)
{
    const struct sum_count *most = NULL;
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].errors.n > 0 && (!most || r->v[i].errors.v[0].n > most->n))
            most = &r->v[i].errors.v[0];
    return most ? most->name : "";
}

static void hint_failing(struct buf *b, const struct bm_run *r)
{
    uint64_t ok = 0, failed = 0;
    for (size_t i = 0; i < r->n; i++) {
        ok += r->v[i].ok;
        failed += r->v[i].failed;
    }
    if (ok > 0 || failed == 0)
        return;
    put_failing(b, most_frequent(r));
}

static void hint_tokens(struct buf *b, const struct bm_run *r)
{
    char levels[HINT_BYTES];
    if (levels_text(levels, r, is_empty))
        buf_addf(b,
                 "💡 Answers without any text%s, so tokens/sec is 0 or too low: check that the endpoint supports "
                 "streaming and returns tokens\n",
                 levels);
    if (levels_text(levels, r, is_unstreamed))
        buf_addf(b, "💡 Answers came in one piece%s: the endpoint does not stream, so there is no TTFT\n", levels);
}

static void hint_too_good(struct buf *b, const struct bm_run *r)
{
    char levels[HINT_BYTES];
    if (levels_text(levels, r, is_alike))
        buf_addf(b,
                 "💡 All answers are identical%s: responses may be cached, or canned, and the rate seems better than it "
                 "is\n",
                 levels);
    if (levels_text(levels, r, is_cut))
        buf_addf(b,
                 "💡 Half of the answers and more end at --max-tokens %llu%s: the output is truncated, so latencies are "
                 "those of shorter answers\n",
                 (unsigned long long)r->o->max_tokens, levels);
}

static void hint_counts(struct buf *b, const struct bm_run *r)
{
    uint64_t counted = 0, ok = 0;
    char levels[HINT_BYTES];
    for (size_t i = 0; i < r->n; i++) {
        counted += r->v[i].counted;
        ok += r->v[i].ok;
    }
    if (ok == 0)
        return;
    buf_addf(b, "📊 Token counting: %llu/%llu requests had API-reported token counts\n", (unsigned long long)counted,
             (unsigned long long)ok);
    if (levels_text(levels, r, is_uncounted))
        buf_addf(b, "⚠️  %.1f%% of the successful requests had none%s: their tokens are counted as words\n",
                 100.0 * (double)(ok - counted) / (double)ok, levels);
}

void bm_put_hints(struct buf *b, const struct bm_run *r)
{
    size_t before;
    buf_addc(b, '\n');
    before = b->n;
    if (!r->o->original)
        hint_counts(b, r);
    hint_failing(b, r);
    hint_tokens(b, r);
    hint_too_good(b, r);
    if (b->n > before)
        buf_addc(b, '\n');
}
