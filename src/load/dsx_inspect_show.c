/* dsx_inspect_show.c - what was found in a dataset, as text and as JSON ("weir.dataset/1", docs/FORMATS.md). */
#include "base/jout.h"
#include "load/dsx_inspect.h"

enum { BAR = 40, MAX_BUCKETS = 40 };

/* Powers of two: 1, 2-3, 4-7, ... */
static unsigned bucket_of(int64_t v)
{
    return v < 1 ? 0 : 64 - (unsigned)__builtin_clzll((unsigned long long)v);
}

static void put_histogram(const struct dsx_sizes *s, struct buf *out)
{
    size_t count[MAX_BUCKETS] = {0}, most = 0;
    unsigned lo = MIN(bucket_of(s->min), MAX_BUCKETS - 1u), hi = MIN(bucket_of(s->max), MAX_BUCKETS - 1u);
    for (size_t i = 0; i < s->n; i++)
        count[MIN(bucket_of(s->sorted[i]), MAX_BUCKETS - 1u)]++;
    for (unsigned b = lo; b <= hi; b++)
        most = MAX(most, count[b]);
    for (unsigned b = lo; b <= hi; b++) {
        char range[48];
        uint64_t from = b ? 1ULL << (b - 1) : 0, to = b ? (1ULL << b) - 1 : 0;
        if (from == to)
            snprintf(range, sizeof range, "%llu", (unsigned long long)from);
        else
            snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)from, (unsigned long long)to);
        size_t bar = (count[b] * BAR + most - 1) / most;
        buf_addf(out, "  %15s %9zu ", range, count[b]);
        for (size_t i = 0; i < bar; i++)
            buf_addc(out, '#');
        while (out->n > 0 && out->p[out->n - 1] == ' ')
            out->n--;
        buf_addc(out, '\n');
    }
}

static void put_sizes(const char *name, const struct dsx_sizes *s, struct buf *out)
{
    if (s->n > 0)
        buf_addf(out, "%-14s %9zu %9lld %9.1f %9.0f %9.0f %9.0f %9lld\n", name, s->n, (long long)s->min, s->mean,
                 s->p50, s->p90, s->p99, (long long)s->max);
}

static void put_names(const char *title, const struct dsx_count *list, size_t n, struct buf *out)
{
    if (n == 0)
        return;
    buf_addf(out, "%-14s", title);
    for (size_t i = 0; i < n && i < 12; i++)
        buf_addf(out, "%s " STR_FMT " %zu", i ? "," : "", STR_ARG(list[i].name), list[i].n);
    buf_addf(out, "%s\n", n > 12 ? ", ..." : "");
}

static double percent(uint64_t part, uint64_t of)
{
    return of ? 100.0 * (double)part / (double)of : 0;
}

void dsx_inspect_text(const struct dsx_inspect *x, const char *path, struct buf *out)
{
    const struct dataset_stats *st = x->stats;
    buf_addf(out, "%s: %s, %zu entr%s, %zu message%s (", path, st->format, st->samples, st->samples == 1 ? "y" : "ies",
             st->messages, st->messages == 1 ? "" : "s");
    const char *sep = "";
    for (int r = 0; r <= ROLE_DEVELOPER; r++) {
        if (x->roles[r] > 0) {
            buf_addf(out, "%s%s %zu", sep, plan_role_name((enum plan_role)r), x->roles[r]);
            sep = ", ";
        }
    }
    buf_addz(out, ")\n");
    if (st->skipped > 0)
        buf_addf(out, "skipped        %zu turns or entries that give nothing to send\n", st->skipped);
    if (x->raw > 0)
        buf_addf(out, "whole messages %zu (tool calls, content parts), sent as they are\n", x->raw);
    buf_addf(out, "\n%-14s %9s %9s %9s %9s %9s %9s %9s\n", "of an entry", "n", "min", "mean", "p50", "p90", "p99",
             "max");
    put_sizes("words", &x->words, out);
    put_sizes("tokens", &x->tokens, out);
    put_sizes("user turns", &x->turns, out);
    put_sizes("max tokens", &x->max_tokens, out);
    put_sizes("input tokens", &x->tokens_in, out);
    buf_addz(out, "\nwords of an entry, entries\n");
    put_histogram(&x->words, out);
    if (x->tokens.n > 0) {
        char name[512];
        buf_addf(out, "\ntokens of an entry, entries; by %s\n", tokenizer_text(x->tokenizer, name, sizeof name));
        put_histogram(&x->tokens, out);
    }
    buf_addf(out, "\nduplicates     %zu of %zu entries (%.1f %%) say the same as an earlier one\n", x->duplicates,
             st->samples, percent(x->duplicates, st->samples));
    buf_addf(out, "prefix reuse   %.1f %% of the words: a cache of blocks of %u words has them from earlier entries\n",
             percent(x->cached_words, x->all_words), x->block);
    put_names("classes", x->classes, x->n_classes, out);
    put_names("models", x->models, x->n_models, out);
    if (x->timed > 0)
        buf_addf(out, "trace          %zu instants over %.1f s, %.3g requests/s\n", x->timed, x->span,
                 x->span > 0 ? (double)(x->timed - 1) / x->span : 0.0);
}

static void put_json_sizes(struct jout *j, const char *name, const struct dsx_sizes *s)
{
    jo_key(j, name);
    if (s->n == 0) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "n", s->n);
    jo_ki64(j, "min", s->min);
    jo_key(j, "mean");
    jo_fixed(j, s->mean, 3);
    jo_key(j, "p50");
    jo_fixed(j, s->p50, 3);
    jo_key(j, "p90");
    jo_fixed(j, s->p90, 3);
    jo_key(j, "p99");
    jo_fixed(j, s->p99, 3);
    jo_ki64(j, "max", s->max);
    jo_end_obj(j);
}

static void put_json_names(struct jout *j, const char *title, const struct dsx_count *list, size_t n)
{
    jo_key(j, title);
    jo_arr(j);
    for (size_t i = 0; i < n; i++) {
        jo_obj(j);
        jo_kstr(j, "name", list[i].name);
        jo_ku64(j, "n", list[i].n);
        jo_end_obj(j);
    }
    jo_end_arr(j);
}

void dsx_inspect_json(const struct dsx_inspect *x, const char *path, struct buf *out)
{
    const struct dataset_stats *st = x->stats;
    struct jout j;
    jo_init(&j, out, 2);
    jo_obj(&j);
    jo_kstrz(&j, "schema", "weir.dataset/1");
    jo_kstrz(&j, "path", path);
    jo_kstrz(&j, "format", st->format);
    jo_kstrz(&j, "sha256", st->sha256);
    jo_ku64(&j, "entries", st->samples);
    jo_ku64(&j, "messages", st->messages);
    jo_ku64(&j, "skipped", st->skipped);
    jo_key(&j, "roles");
    jo_obj(&j);
    for (int r = 0; r <= ROLE_DEVELOPER; r++)
        jo_ku64(&j, plan_role_name((enum plan_role)r), x->roles[r]);
    jo_end_obj(&j);
    jo_ku64(&j, "whole_messages", x->raw);
    put_json_sizes(&j, "words", &x->words);
    put_json_sizes(&j, "tokens", &x->tokens);
    put_json_sizes(&j, "user_turns", &x->turns);
    put_json_sizes(&j, "max_tokens", &x->max_tokens);
    put_json_sizes(&j, "input_tokens", &x->tokens_in);
    jo_ku64(&j, "duplicates", x->duplicates);
    jo_key(&j, "prefix_reuse");
    jo_obj(&j);
    jo_ku64(&j, "block_words", x->block);
    jo_ku64(&j, "words", x->all_words);
    jo_ku64(&j, "cached_words", x->cached_words);
    jo_key(&j, "share");
    jo_fixed(&j, percent(x->cached_words, x->all_words) / 100, 6);
    jo_end_obj(&j);
    put_json_names(&j, "classes", x->classes, x->n_classes);
    put_json_names(&j, "models", x->models, x->n_models);
    jo_key(&j, "trace");
    if (x->timed > 0) {
        jo_obj(&j);
        jo_ku64(&j, "n", x->timed);
        jo_key(&j, "span_s");
        jo_fixed(&j, x->span, 6);
        jo_key(&j, "rate");
        jo_fixed(&j, x->span > 0 ? (double)(x->timed - 1) / x->span : 0.0, 6);
        jo_end_obj(&j);
    } else {
        jo_null(&j);
    }
    jo_end_obj(&j);
    buf_addc(out, '\n');
}
