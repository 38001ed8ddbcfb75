/* cmd_dataset_generate.c - `weir dataset generate`. */
#include "base/log.h"
#include "cli/cmd_dataset.h"
#include "load/dsx_generate.h"
#include "load/dsx_ipex.h"
#include "load/synth.h"

static int read_dist(struct dist *d, const char *name, const char *text, struct err *e)
{
    return dist_parse(d, str_of(text), e) < 0 ? err_prefix(e, "%s: ", name) : 0;
}

static int generate_trace(const struct dataset_config *c, uint64_t n, struct err *e)
{
    struct dsx_trace t = {
        .n = n, .seed = c->seed, .rate = c->rate, .prefix = c->prefix_tokens, .groups = c->prefix_groups};
    struct buf b = BUF_INIT((size_t)1 << 32);
    struct out_file out;
    if (read_dist(&t.isl, "--isl", c->isl ? c->isl : "lognormal:1000,1", e) < 0 ||
        read_dist(&t.osl, "--osl", c->osl ? c->osl : "lognormal:150,0.8", e) < 0 || out_open(&out, c->output, e) < 0)
        return -1;
    dsx_generate_trace(&t, &b);
    int rc = out_put(&out, &b, e);
    buf_free(&b);
    if (out_close(&out, rc == 0, e) < 0)
        rc = -1;
    if (rc == 0)
        log_info("wrote a trace of %llu requests, about %g a second", (unsigned long long)n, c->rate);
    return rc;
}

static int generate_ipex(const struct dataset_config *c, const struct tokenizer *t, struct err *e)
{
    struct dsx_ipex x = {str_of(c->families ? c->families : DSX_IPEX_FAMILIES), str_of(c->prompt_lengths), c->seed, t};
    struct buf b = BUF_INIT((size_t)1 << 32);
    struct out_file out;
    size_t n;
    int rc = dsx_generate_ipex(&x, &b, &n, e);
    if (rc == 0 && (rc = out_open(&out, c->output, e)) == 0) {
        rc = out_put(&out, &b, e);
        if (out_close(&out, rc == 0, e) < 0)
            rc = -1;
    }
    buf_free(&b);
    if (rc == 0)
        log_info("wrote %zu prompts, of exact lengths in %s", n, t ? "tokens" : "words");
    return rc;
}

/* Prompts of given lengths, or whole conversations. */
static struct dataset *make(const struct dataset_config *c, const struct tokenizer *t, const char *format, uint64_t n,
                            struct err *e)
{
    bool prompts = c->isl || strcmp(format, "text") == 0 || strcmp(format, "csv") == 0;
    struct synth_opts o = {
        .prefix = c->prefix_tokens, .groups = c->prefix_groups, .pool = n, .seed = c->seed, .tok = t ? t->tok : NULL};
    if (!prompts)
        return dsx_generate_conversations(n, c->seed);
    return read_dist(&o.isl, "--isl", c->isl ? c->isl : "lognormal:100,0.8", e) < 0 ? NULL : dataset_synthetic(&o, e);
}

int dataset_generate(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e)
{
    const char *format = c->to ? c->to : "conversations";
    uint64_t n = c->n > 0 ? c->n : 100;
    struct dist osl;
    (void)path;
    if (strcmp(format, "mooncake") == 0)
        return generate_trace(c, n, e);
    if (strcmp(format, "ipex") == 0)
        return generate_ipex(c, t, e);
    if (c->prefix_tokens > 0 && !c->isl)
        return err_set(e, ERR_USAGE, "--prefix-tokens is for prompts of given lengths; it needs --isl");
    struct dataset *ds = make(c, t, format, n, e);
    int rc = !ds || (c->osl && read_dist(&osl, "--osl", c->osl, e) < 0) ? -1 : 0;
    if (rc == 0 && c->osl)
        dataset_draw_lengths(ds, &osl, c->seed);
    if (rc == 0)
        rc = dataset_write(c, ds, NULL, dataset_n(ds), format, e);
    dataset_free(&ds);
    return rc;
}
