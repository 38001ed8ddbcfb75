#include "cli/experiment_write.h"

#include <math.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/experiment_parts.h"
#include "report/plot.h"

#define PAGE_MAX ((size_t)256 << 20)

static int read_setup(struct experiment *x, struct opt_seen *seen, const struct xp_place *p, struct err *e)
{
    struct buf b = BUF_INIT(1u << 20);
    if (xp_setup_defaults(x, e) < 0)
        return -1;
    int rc = p->setup ? file_read(&b, p->setup, e) : 0;
    if (rc == 0 && p->setup)
        rc = xp_setup_read(x, seen, p->setup, buf_str(&b), e);
    buf_free(&b);
    return rc;
}

static const char *title_of(struct experiment *x, const struct xp_place *p)
{
    char *real = realpath(p->root, NULL);
    const char *name = real ? strrchr(real, '/') : NULL;
    const char *title = x->setup.title ? x->setup.title : xp_textf(x, "Experiment %s", name ? name + 1 : p->root);
    free(real);
    return title;
}

/* A word of a shell's command line. */
static void put_word(struct buf *b, const char *z)
{
    if (*z && strspn(z, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/=,:%+@") == strlen(z)) {
        buf_addf(b, " %s", z);
        return;
    }
    buf_addz(b, " '");
    for (; *z; z++) {
        if (*z == '\'')
            buf_addz(b, "'\\''");
        else
            buf_addc(b, *z == '\n' || *z == '`' ? ' ' : *z); /* the command stands in a fenced block */
    }
    buf_addc(b, '\'');
}

static void put_path(struct buf *b, const char *option, const struct xp_place *p, const char *path)
{
    char *seen = xp_relative(p->out_dir, path);
    buf_addf(b, "%s%s", *option ? " " : "", option);
    put_word(b, seen && *seen ? seen : path);
    free(seen);
}

/* To be given in the page's folder, where links lead from. */
static const char *command_of(struct experiment *x, const struct report_config *c, const struct xp_place *p)
{
    struct buf b = BUF_INIT(1u << 20);
    const char *slash = strrchr(p->out, '/'), *page = slash ? slash + 1 : p->out;
    char *root = realpath(p->root, NULL);
    bool inside = root && strcmp(root, p->out_dir) == 0;
    buf_addz(&b, "weir report --format experiment");
    if (inside)
        buf_addz(&b, " .");
    else
        put_path(&b, "", p, p->root);
    if (strcmp(page, XP_PAGE) != 0 || !inside) {
        buf_addz(&b, " --output");
        put_word(&b, page);
    }
    for (size_t i = 0; c->streaming && c->streaming[i]; i++)
        put_path(&b, "--streaming", p, c->streaming[i]);
    if (c->setup)
        put_path(&b, "--setup", p, c->setup);
    if (c->slo) {
        buf_addz(&b, " --slo");
        put_word(&b, c->slo);
    }
    if (isfinite(c->cost_per_hour))
        buf_addf(&b, " --cost-per-hour %.10g", c->cost_per_hour);
    if (strcmp(c->plots, "auto") != 0)
        buf_addf(&b, " --plots %s", c->plots);
    free(root);
    return xp_own(x, b.p ? buf_take(&b) : xstrdup(""));
}

static int gather(struct experiment *x, struct opt_seen *seen, const struct report_config *c, const struct xp_place *p,
                  struct err *e)
{
    struct xp_papers papers = {.price = c->cost_per_hour};
    const char *const *streaming = (const char *const *)c->streaming;
    if (read_setup(x, seen, p, e) < 0)
        return -1;
    xp_papers_read(&papers, p);
    int rc = xp_take_objective(x, &papers, c->slo, e);
    xp_take_limits(x, &papers);
    if (rc == 0)
        rc = xp_read_levels(x, p, e);
    if (rc == 0)
        rc = xp_read_streams(x, p, streaming, e);
    if (rc == 0 && x->n_levels == 0 && x->n_streams == 0)
        rc = err_set(e, ERR_DATA,
                     "%s: there is nothing to report: neither cN.json (weir as aws_benchmark) nor requests.jsonl (weir "
                     "run) nor *streaming*.json (weir as aws_streaming_bench)",
                     p->data);
    if (rc == 0) {
        xp_take_facts(x, &papers);
        x->title = title_of(x, p);
        x->command = command_of(x, c, p);
        rc = xp_list_files(x, p, streaming, e);
    }
    xp_papers_free(&papers);
    return rc;
}

/* Beside the page, each as a whole. */
static int draw(struct experiment *x, const struct report_config *c, const struct xp_place *p, struct err *e)
{
    bool wanted = strcmp(c->plots, "none") != 0, automatic = strcmp(c->plots, "auto") == 0;
    const char *ending = automatic ? "png" : c->plots;
    char *dir = xasprintf("%s/" XP_PLOTS, p->out_dir);
    int rc = wanted ? dir_make(dir, e) : 0;
    xp_draw(x);
    for (size_t i = 0; rc == 0 && wanted && i < XP_PICTURES; i++) {
        struct xp_picture *one = &x->picture[i];
        char *path = xasprintf("%s/%s.%s", dir, one->name, ending);
        if (!one->figure) {
            remove(path); /* of an earlier page, which nothing shows now */
        } else if (plot_write(path, one->figure, e) < 0) {
            rc = -1;
        } else {
            one->link = xp_textf(x, XP_PLOTS "/%s.%s", one->name, ending);
        }
        free(path);
    }
    free(dir);
    if (!wanted)
        x->no_pictures = "`--plots none`";
    if (rc == 0 || !automatic)
        return rc;
    log_warn("the page has no plots: %s", e->text);
    x->no_pictures = "the machine that made the page lacks what draws them (cairo and a font)";
    for (size_t i = 0; i < XP_PICTURES; i++)
        x->picture[i].link = NULL;
    *e = (struct err){0};
    return 0;
}

static int write_page(struct experiment *x, const struct xp_place *p, struct err *e)
{
    struct buf b = BUF_INIT(PAGE_MAX);
    xp_markdown(&b, x);
    int rc =
        b.failed ? err_set(e, ERR_LIMIT, "the page would be larger than 256 MiB") : file_write(p->out, buf_str(&b), e);
    buf_free(&b);
    return rc;
}

int experiment_write(const struct report_config *c, const char *dir, struct err *e)
{
    struct experiment *x = xcalloc(1, sizeof *x);
    struct xp_place p = {0};
    struct opt_seen *seen = xcalloc(1, sizeof *seen);
    xp_init(x);
    int rc = xp_place_find(&p, dir, c->output, c->setup, e);
    if (rc == 0)
        rc = gather(x, seen, c, &p, e);
    if (rc == 0)
        rc = draw(x, c, &p, e);
    if (rc == 0)
        rc = write_page(x, &p, e);
    if (rc == 0 && !c->quiet)
        printf("%s\n", p.out);
    opt_free(&xp_setup_table, &x->setup, seen);
    free(seen);
    xp_free(x);
    free(x);
    xp_place_free(&p);
    return rc;
}
