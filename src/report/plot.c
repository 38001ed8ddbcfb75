#include "report/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "report/plot_axes.h"
#include "report/plot_cairo.h"
#include "report/plot_svg.h"

#define PICTURE_MAX ((size_t)256 << 20)

static void *own(struct plot_figure *f, void *p)
{
    if (f->n_owned == f->cap_owned) {
        f->cap_owned = MAX(2 * f->cap_owned, 64u);
        f->owned = xreallocarray(f->owned, f->cap_owned, sizeof *f->owned);
    }
    return f->owned[f->n_owned++] = p;
}

struct plot_figure *plot_new(unsigned rows, unsigned cols, double inches_wide, double inches_high, double dpi,
                             double letter)
{
    struct plot_figure *f = xcalloc(1, sizeof *f);
    f->rows = rows;
    f->cols = cols;
    f->width = inches_wide * 72;
    f->height = inches_high * 72;
    f->dpi = dpi;
    f->letter = letter;
    return f;
}

void plot_free(struct plot_figure **f)
{
    if (!*f)
        return;
    for (size_t i = 0; i < (*f)->n_owned; i++)
        free((*f)->owned[i]);
    free((*f)->owned);
    free(*f);
    *f = NULL;
}

char *plot_textf(struct plot_figure *f, const char *fmt, ...)
{
    struct buf b = BUF_INIT(1u << 20);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    return own(f, b.p ? b.p : xstrdup(""));
}

double *plot_numbers(struct plot_figure *f, const double *v, size_t n)
{
    double *copy = own(f, xcalloc(MAX(n, 1u), sizeof *copy));
    if (v && n)
        memcpy(copy, v, n * sizeof *copy);
    return copy;
}

struct plot_panel *plot_panel_at(struct plot_figure *f, unsigned row, unsigned col, const char *title)
{
    struct plot_panel *p = &f->panel[row * f->cols + col];
    p->used = true;
    p->title = title;
    p->x.lo = p->x.hi = p->left.lo = p->left.hi = p->right.lo = p->right.hi = NAN;
    return p;
}

struct plot_series *plot_add(struct plot_figure *f, struct plot_panel *p, const struct plot_series *s)
{
    if (p->n_series == PLOT_SERIES_MAX)
        return NULL;
    struct plot_series *copy = &p->series[p->n_series++];
    *copy = *s;
    copy->x = plot_numbers(f, s->x, s->n);
    copy->y = plot_numbers(f, s->y, s->n);
    if (s->hollow && s->n) {
        bool *hollow = own(f, xcalloc(s->n, sizeof *hollow));
        memcpy(hollow, s->hollow, s->n * sizeof *hollow);
        copy->hollow = hollow;
    }
    return copy;
}

void plot_add_rule(struct plot_panel *p, const struct plot_rule *r)
{
    if (p->n_rules < PLOT_LINES_MAX)
        p->rule[p->n_rules++] = *r;
}

bool plot_levels_x(struct plot_figure *f, struct plot_axis *a, double *x, size_t n, const char *const *names)
{
    bool by_value = !names;
    for (size_t i = 0; i < n; i++)
        by_value &= isfinite(x[i]) && (i == 0 || x[i] > x[i - 1]);
    for (size_t i = 0; i < n && !by_value; i++)
        x[i] = (double)i;
    a->n_at = n;
    a->at = plot_numbers(f, x, n);
    a->scale = by_value ? plot_level_scale(x, n) : PLOT_LINEAR;
    plot_fit_levels(x, n, a->scale, &a->lo, &a->hi);
    if (!by_value) {
        a->lo = -0.5;
        a->hi = (double)n - 0.5;
    }
    const char **own_names = names || !by_value ? own(f, xcalloc(MAX(n, 1u), sizeof *own_names)) : NULL;
    for (size_t i = 0; own_names && i < n; i++)
        own_names[i] = names ? names[i] : plot_textf(f, "%zu", i + 1);
    a->names = own_names;
    return by_value;
}

int plot_format_of(const char *path, enum plot_format *format, struct err *e)
{
    static const struct {
        struct str ending;
        enum plot_format format;
    } endings[] = {{{".png", 4}, PLOT_PNG}, {{".svg", 4}, PLOT_SVG}, {{".pdf", 4}, PLOT_PDF}};
    struct str whole = str_of(path);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (whole.n > 4 && str_ieq(str_sub(whole, whole.n - 4, 4), endings[i].ending) && path[whole.n - 5] != '/') {
            *format = endings[i].format;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "a picture's name ends in .png, .svg or .pdf");
}

/* Whether the file is to lie in the folder `made` itself. */
static bool lies_in(const char *path, const char *made)
{
    size_t n = made ? strlen(made) : 0;
    while (n > 1 && made[n - 1] == '/')
        n--;
    return n && strncmp(path, made, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* As file_write() does it: beside the file. */
static int try_to_make(const char *path)
{
    char *beside = xasprintf("%s.tmp", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), why = errno;
    if (fd >= 0) {
        close(fd);
        unlink(beside);
    } else if (why == EEXIST) {
        fd = access(beside, W_OK);
        why = errno;
    }
    free(beside);
    errno = why;
    return fd;
}

static int check_place(const char *path, struct err *e)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    char *dir = slash == path ? xstrdup("/") : slash ? xmemdup0(path, (size_t)(slash - path)) : xstrdup(".");
    int rc = 0;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        rc = err_set(e, ERR_USAGE, "%s: is no file that could be replaced", path);
    else if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        rc = err_set(e, ERR_USAGE, "%s: there is no folder %s", path, dir);
    else if (try_to_make(path) < 0)
        rc = err_sys(e, ERR_USAGE, errno, "%s: cannot be written", path);
    free(dir);
    return rc;
}

int plot_check(const char *path, const char *made, struct err *e)
{
    struct plot_cairo_opts o = {PLOT_SVG, 72, 72, 72, 0, NULL};
    struct plot_cairo *c = NULL;
    enum plot_format format;
    if (plot_format_of(path, &format, e) < 0)
        return err_prefix(e, "%s: ", path);
    if ((!lies_in(path, made) && check_place(path, e) < 0) || plot_cairo_open(&c, &o, e) < 0)
        return -1;
    plot_cairo_close(&c);
    return 0;
}

int plot_render(struct buf *out, const struct plot_figure *f, enum plot_format format, struct err *e)
{
    char title[512];
    struct plot_cairo_opts o = {format, f->width, f->height,
                                f->dpi, f->made,  plot_clean(title, sizeof title, f->title ? f->title : "weir")};
    struct plot_cairo *c = NULL;
    if (plot_cairo_open(&c, &o, e) < 0)
        return -1;
    int rc = 0;
    if (format == PLOT_SVG) {
        struct plot_svg s;
        plot_svg_begin(&s, plot_cairo_canvas(c), out, f->width, f->height, f->title);
        plot_draw(&s.canvas, f);
        plot_svg_end(&s);
    } else {
        plot_draw(plot_cairo_canvas(c), f);
        rc = plot_cairo_write(c, out, e);
    }
    plot_cairo_close(&c);
    if (rc == 0 && out->failed)
        rc = err_set(e, ERR_LIMIT, "the picture would be larger than %zu MiB", out->max >> 20);
    return rc;
}

int plot_write(const char *path, const struct plot_figure *f, struct err *e)
{
    struct buf b = BUF_INIT(PICTURE_MAX);
    enum plot_format format;
    int rc = plot_format_of(path, &format, e) < 0 ? err_prefix(e, "%s: ", path) : 0;
    if (rc == 0)
        rc = plot_render(&b, f, format, e);
    if (rc == 0)
        rc = file_write(path, buf_str(&b), e);
    buf_free(&b);
    return rc;
}
