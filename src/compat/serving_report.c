#include "compat/serving_report.h"

#include <math.h>

#include "base/jout.h"
#include "base/xalloc.h"

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static bool counts(const struct compat_row *r)
{
    return r->sent && r->outcome != OUT_CANCELLED;
}

static void add(struct serving_series *s, double v)
{
    if (!isnan(v))
        s->v[s->n++] = v;
}

static void settle(struct serving_series *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i];
    s->mean = s->n ? sum / (double)s->n : NAN;
    compat_sort(s->v, s->n);
}

static double first_token(const struct compat_row *r, bool original)
{
    if (!r->streamed || !r->first_token)
        return NAN;
    return seconds(r->first_token - (original ? r->headers : r->start));
}

/* The original has the mean gap between pieces of the stream, however many tokens are in each. */
static double next_token(const struct compat_row *r, bool original)
{
    int64_t n = original ? (int64_t)r->n_events : r->tokens_out;
    if (!r->streamed || !r->first_token || n < 2)
        return NAN;
    return seconds(r->last_token - r->first_token) / (double)(n - 1);
}

struct sums {
    double *prompt; /* tokens, of each */
    size_t n_prompts;
    double input, output;
    int64_t begin, end;
};

static void take(struct serving_figures *f, struct sums *s, const struct compat_row *r)
{
    bool ok = r->outcome == OUT_OK;
    int64_t from = r->intended ? r->intended : r->start;
    f->sent++;
    f->successful += ok;
    s->begin = MIN(s->begin, from);
    s->end = MAX(s->end, r->end);
    if (r->tokens_in >= 0)
        s->prompt[s->n_prompts++] = (double)r->tokens_in;
    if (r->tokens_in >= 0 && (ok || f->original))
        s->input += (double)r->tokens_in;
    if (!ok)
        return;
    double latency = seconds(r->end - r->start);
    s->output += r->tokens_out > 0 ? (double)r->tokens_out : 0;
    add(&f->latency, latency);
    add(&f->per_token, r->tokens_out > 0 ? latency / (double)r->tokens_out : latency);
    add(&f->first, first_token(r, f->original));
    add(&f->next, next_token(r, f->original));
    f->mixed |= f->successful > 1 && r->source != f->source;
    f->source = r->source;
}

void serving_measure(struct serving_figures *f, const struct compat_rows *rows, uint64_t asked, bool original)
{
    struct serving_series *const all[] = {&f->latency, &f->per_token, &f->first, &f->next};
    struct sums s = {.prompt = xcalloc(rows->n + 1, sizeof(double)), .begin = INT64_MAX};
    *f = (struct serving_figures){.asked = asked, .original = original};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i]->v = xcalloc(rows->n + 1, sizeof(double));
    for (size_t i = 0; i < rows->n; i++) {
        if (counts(&rows->v[i]))
            take(f, &s, &rows->v[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        settle(all[i]);
    compat_sort(s.prompt, s.n_prompts);
    f->failed = f->sent - f->successful;
    f->prompt_min = s.n_prompts ? s.prompt[0] : NAN;
    f->prompt_max = s.n_prompts ? s.prompt[s.n_prompts - 1] : NAN;
    f->prompt_mid = compat_quantile(s.prompt, s.n_prompts, 50, COMPAT_Q_LINEAR);
    f->time = s.end > s.begin ? seconds(s.end - s.begin) : 0;
    double per = f->time > 0 ? 1 / f->time : 0;
    f->requests_s = (double)(original ? asked : f->successful) * per;
    f->input_s = s.input * per;
    f->output_s = s.output * per;
    if (original)
        f->prompt_mid = floor(f->prompt_mid);
    free(s.prompt);
}

void serving_figures_free(struct serving_figures *f)
{
    free(f->latency.v);
    free(f->per_token.v);
    free(f->first.v);
    free(f->next.v);
    memset(f, 0, sizeof *f);
}

/* ---- what went wrong, by its outcome */

struct mistakes {
    struct mistake {
        char name[32];
        uint64_t n;
    } v[64];
    size_t n;
};

static void note_mistake(struct mistakes *m, const struct compat_row *r)
{
    char name[32];
    size_t i = 0;
    if (r->outcome == OUT_HTTP && r->status > 0)
        snprintf(name, sizeof name, "http_%d", r->status);
    else
        snprintf(name, sizeof name, "%s", outcome_name(r->outcome));
    while (i < m->n && strcmp(m->v[i].name, name) != 0)
        i++;
    if (i == ARRAY_LEN(m->v))
        return;
    if (i == m->n) {
        m->v[m->n] = (struct mistake){.n = 0};
        memcpy(m->v[m->n++].name, name, sizeof name);
    }
    m->v[i].n++;
}

static struct mistakes mistakes_of(const struct compat_rows *rows)
{
    struct mistakes m = {.n = 0};
    for (size_t i = 0; i < rows->n; i++) {
        if (counts(&rows->v[i]) && rows->v[i].outcome != OUT_OK)
            note_mistake(&m, &rows->v[i]);
    }
    return m;
}

/* ---- on standard output */

static void line(struct buf *out, const char *what, double v, const char *unit)
{
    if (isnan(v))
        buf_addf(out, "%s: none\n", what);
    else
        buf_addf(out, "%s: %.3f %s\n", what, v, unit);
}

static void put_source(const struct serving_figures *f, const char *tokenizer, struct buf *out)
{
    static const char *const names[] = {
        [TOKENS_NONE] = "nothing: the answers tell none",
        [TOKENS_USAGE] = "the server (usage)",
        [TOKENS_SERVER] = "the server",
        [TOKENS_TOKENIZER] = "the tokenizer",
        [TOKENS_WORDS] = "words of the texts; the environment's TOKENIZER can name a tokenizer",
    };
    if (f->successful == 0)
        return;
    buf_addf(
        out, "Tokens counted by: %s%s%s%s\n", names[f->source], f->source == TOKENS_TOKENIZER && tokenizer ? " " : "",
        f->source == TOKENS_TOKENIZER && tokenizer ? tokenizer : "", f->mixed ? "; of some requests otherwise" : "");
}

void serving_console(const struct serving_figures *f, const struct compat_rows *rows, const char *tokenizer,
                     struct buf *out)
{
    buf_addf(out, "Total time: %.3f s\n", f->time);
    if (isnan(f->prompt_min))
        buf_addz(out, "Prompt Length (Min/Med/Max): not known\n");
    else
        buf_addf(out, "Prompt Length (Min/Med/Max): %.0f / %.10g / %.0f\n", f->prompt_min, f->prompt_mid,
                 f->prompt_max);
    line(out, "Request Throughput (QPS)", f->requests_s, "requests/s");
    line(out, "Input Token Throughput", f->input_s, "tokens/s");
    line(out, "output Token Throughput", f->output_s, "tokens/s");
    line(out, "Average latency per Request", f->latency.mean, "s");
    line(out, "Average latency per Token", f->per_token.mean, "s");
    if (f->first.n > 0) {
        line(out, "Average latency for First Tokens", f->first.mean, "s");
        line(out, "Average latency for Next Tokens", f->next.mean, "s");
    }
    struct mistakes m = mistakes_of(rows);
    buf_addf(out, "Requests: %llu successful, %llu failed", (unsigned long long)f->successful,
             (unsigned long long)f->failed);
    for (size_t i = 0; i < m.n; i++)
        buf_addf(out, "%s%s %llu", i == 0 ? " (" : ", ", m.v[i].name, (unsigned long long)m.v[i].n);
    buf_addz(out, m.n > 0 ? ")\n" : "\n");
    put_source(f, tokenizer, out);
}

/* ---- files */

static void put_percentiles(struct jout *j, const char *name, const struct serving_series *s)
{
    static const double p[] = {50, 90, 95, 99};
    jo_key(j, name);
    if (s->n == 0) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        char key[8];
        snprintf(key, sizeof key, "p%.0f", p[i]);
        jo_kfixed(j, key, compat_quantile(s->v, s->n, p[i], COMPAT_Q_LINEAR), 6);
    }
    jo_end_obj(j);
}

void serving_summary(const struct serving_figures *f, const struct compat_rows *rows, struct buf *out)
{
    struct mistakes m = mistakes_of(rows);
    struct jout j;
    jo_init(&j, out, 0);
    jo_obj(&j);
    jo_ku64(&j, "num_prompts", f->asked);
    jo_kfixed(&j, "benchmark_time", f->time, 3);
    jo_kfixed(&j, "min_prompt_len", f->prompt_min, 0);
    jo_kfixed(&j, "med_prompt_len", f->prompt_mid, 1);
    jo_kfixed(&j, "max_prompt_len", f->prompt_max, 0);
    jo_kfixed(&j, "throughput_requests_per_s", f->requests_s, 3);
    jo_kfixed(&j, "input_throughput_tokens_per_s", f->input_s, 3);
    jo_kfixed(&j, "output_throughput_tokens_per_s", f->output_s, 3);
    jo_kfixed(&j, "avg_latency", f->latency.mean, 3);
    jo_kfixed(&j, "avg_per_token_latency", f->per_token.mean, 3);
    jo_kfixed(&j, "avg_first_token_latency", f->first.mean, 3);
    jo_kfixed(&j, "avg_next_token_latency", f->next.mean, 3);
    /* beyond the original's */
    jo_kfixed(&j, "throughput_tokens_per_s", f->input_s + f->output_s, 3);
    jo_ku64(&j, "sent_requests", f->sent);
    jo_ku64(&j, "successful_requests", f->successful);
    jo_ku64(&j, "failed_requests", f->failed);
    jo_key(&j, "errors");
    jo_obj(&j);
    for (size_t i = 0; i < m.n; i++)
        jo_ku64(&j, m.v[i].name, m.v[i].n);
    jo_end_obj(&j);
    jo_kstrz(&j, "token_source", f->mixed ? "mixed" : token_source_name(f->source));
    jo_key(&j, "percentiles");
    jo_obj(&j);
    put_percentiles(&j, "latency", &f->latency);
    put_percentiles(&j, "first_token_latency", &f->first);
    put_percentiles(&j, "next_token_latency", &f->next);
    jo_end_obj(&j);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}

static int by_end(const void *a, const void *b)
{
    const struct compat_row *const *x = a, *const *y = b;
    return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

/* A record's prompt has the role in front of each message, and a line feed behind it. */
static void put_prompt(struct jout *j, const char *prompt)
{
    struct str s = str_of(prompt);
    if (!prompt)
        jo_null(j);
    else if (str_starts(s, STR("user: ")) && str_ends(s, STR("\n")))
        jo_str(j, str_sub(s, 6, s.n - 7));
    else
        jo_str(j, s);
}

static void put_gaps(struct jout *j, const struct compat_row *r, bool original)
{
    if (!r->streamed || !r->events || r->n_events == 0) {
        jo_null(j);
        return;
    }
    jo_arr(j);
    for (size_t i = 0; i < r->n_events; i++)
        jo_fixed(j, seconds(r->events[i] - (i > 0 ? r->events[i - 1] : original ? r->headers : r->start)), 9);
    jo_end_arr(j);
}

static void put_length(struct jout *j, int64_t n)
{
    if (n < 0)
        jo_null(j);
    else
        jo_i64(j, n);
}

void serving_tracking(const struct compat_rows *rows, bool original, struct buf *out)
{
    const struct compat_row **row = xcalloc(rows->n + 1, sizeof *row);
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (counts(&rows->v[i]) && rows->v[i].outcome == OUT_OK)
            row[n++] = &rows->v[i];
    }
    if (n > 0)
        qsort(row, n, sizeof *row, by_end);
    struct jout j;
    jo_init(&j, out, 0);
    jo_arr(&j);
    for (size_t i = 0; i < n; i++) {
        jo_arr(&j);
        put_prompt(&j, row[i]->prompt);
        jo_strz(&j, row[i]->answer);
        put_length(&j, row[i]->tokens_in);
        put_length(&j, row[i]->tokens_out);
        jo_fixed(&j, seconds(row[i]->end - row[i]->start), 9);
        put_gaps(&j, row[i], original);
        jo_end_arr(&j);
    }
    jo_end_arr(&j);
    buf_addc(out, '\n');
    free(row);
}
