#include "report/plot_cairo.h"

#include <cairo-pdf.h>
#include <dlfcn.h>
#include <math.h>

#include "base/xalloc.h"

static const char *const FILES[] = {"libcairo.so.2", "libcairo.2.dylib", NULL};

#define NAMES(X)                                                                                                       \
    X(arc)                                                                                                             \
    X(clip)                                                                                                            \
    X(close_path)                                                                                                      \
    X(create)                                                                                                          \
    X(debug_reset_static_data)                                                                                         \
    X(destroy)                                                                                                         \
    X(fill_preserve)                                                                                                   \
    X(font_options_create)                                                                                             \
    X(font_options_destroy)                                                                                            \
    X(font_options_set_antialias)                                                                                      \
    X(font_options_set_hint_metrics)                                                                                   \
    X(font_options_set_hint_style)                                                                                     \
    X(get_scaled_font)                                                                                                 \
    X(image_surface_create)                                                                                            \
    X(line_to)                                                                                                         \
    X(move_to)                                                                                                         \
    X(new_path)                                                                                                        \
    X(paint)                                                                                                           \
    X(pdf_surface_create_for_stream)                                                                                   \
    X(pdf_surface_set_metadata)                                                                                        \
    X(rectangle)                                                                                                       \
    X(restore)                                                                                                         \
    X(rotate)                                                                                                          \
    X(save)                                                                                                            \
    X(scale)                                                                                                           \
    X(scaled_font_get_type)                                                                                            \
    X(select_font_face)                                                                                                \
    X(set_dash)                                                                                                        \
    X(set_font_options)                                                                                                \
    X(set_font_size)                                                                                                   \
    X(set_line_cap)                                                                                                    \
    X(set_line_join)                                                                                                   \
    X(set_line_width)                                                                                                  \
    X(set_source_rgba)                                                                                                 \
    X(show_text)                                                                                                       \
    X(status)                                                                                                          \
    X(status_to_string)                                                                                                \
    X(stroke)                                                                                                          \
    X(surface_destroy)                                                                                                 \
    X(surface_finish)                                                                                                  \
    X(surface_status)                                                                                                  \
    X(surface_write_to_png_stream)                                                                                     \
    X(text_extents)

struct cairo_lib {
#define X(name) __typeof__(cairo_##name) *name;
    NAMES(X)
#undef X
};

struct plot_cairo {
    struct plot_canvas canvas; /* first: a canvas of this file is one of these */
    struct cairo_lib lib;
    cairo_surface_t *surface;
    cairo_t *cr;
    enum plot_format format;
    void (*fontconfig_end)(void); /* FcFini of the fontconfig behind cairo; NULL: it has none */
    struct buf pdf;
    bool clipped;
};

#define PICTURE_MAX ((size_t)256 << 20)
#define PIXELS_MAX 30000 /* cairo's own ends at 32,767 */

static int load(struct plot_cairo *p, struct err *e)
{
    struct cairo_lib *lib = &p->lib;
    const struct {
        const char *name;
        void *to;
    } functions[] = {
#define X(name) {"cairo_" #name, &lib->name},
        NAMES(X)
#undef X
    };
    void *so = NULL;
    for (size_t i = 0; FILES[i] && !so; i++)
        so = dlopen(FILES[i], RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return err_set(e, ERR_IO, "cairo is not installed, which draws pictures (Debian's package is libcairo2)");
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *f = dlsym(so, functions[i].name);
        if (!f)
            return err_set(e, ERR_IO, "cairo has no %s; 1.16 or a newer one is needed", functions[i].name);
        memcpy(functions[i].to, &f, sizeof f);
    }
    void *end = dlsym(so, "FcFini"); /* looks into what cairo needs, too */
    memcpy(&p->fontconfig_end, &end, sizeof end);
    return 0;
}

static struct plot_cairo *self(struct plot_canvas *c)
{
    return (struct plot_cairo *)(void *)c;
}

static void colour(struct plot_cairo *p, uint32_t rgb, double alpha)
{
    p->lib.set_source_rgba(p->cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0, alpha);
}

static void stroke(struct plot_cairo *p, const struct plot_pen *pen)
{
    double dash[2];
    size_t n = plot_dashes(pen->line, pen->width, dash);
    colour(p, pen->colour, pen->alpha);
    p->lib.set_line_width(p->cr, pen->width);
    p->lib.set_dash(p->cr, dash, (int)n, 0);
    p->lib.set_line_cap(p->cr, n ? CAIRO_LINE_CAP_BUTT : CAIRO_LINE_CAP_ROUND);
    p->lib.stroke(p->cr);
}

static void path(struct plot_cairo *p, const struct plot_point *at, size_t n)
{
    p->lib.new_path(p->cr);
    for (size_t i = 0; i < n; i++)
        (i ? p->lib.line_to : p->lib.move_to)(p->cr, at[i].x, at[i].y);
}

static void draw_lines(struct plot_canvas *c, const struct plot_point *at, size_t n, const struct plot_pen *pen)
{
    path(self(c), at, n);
    stroke(self(c), pen);
}

static void fill(struct plot_cairo *p, uint32_t rgb, double alpha, const struct plot_pen *edge)
{
    if (alpha > 0) {
        colour(p, rgb, alpha);
        p->lib.fill_preserve(p->cr);
    }
    if (edge)
        stroke(p, edge);
    p->lib.new_path(p->cr);
}

static void draw_polygon(struct plot_canvas *c, const struct plot_point *at, size_t n, uint32_t rgb, double alpha,
                         const struct plot_pen *edge)
{
    path(self(c), at, n);
    self(c)->lib.close_path(self(c)->cr);
    fill(self(c), rgb, alpha, edge);
}

static void draw_circle(struct plot_canvas *c, struct plot_point at, double radius, uint32_t rgb, double alpha,
                        const struct plot_pen *edge)
{
    struct plot_cairo *p = self(c);
    p->lib.new_path(p->cr);
    p->lib.arc(p->cr, at.x, at.y, radius, 0, 2 * M_PI);
    p->lib.close_path(p->cr);
    fill(p, rgb, alpha, edge);
}

static void font(struct plot_cairo *p, enum plot_face face, double size)
{
    p->lib.select_font_face(p->cr, face >= PLOT_MONO ? "monospace" : "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                            face == PLOT_BOLD || face == PLOT_MONO_BOLD ? CAIRO_FONT_WEIGHT_BOLD
                                                                        : CAIRO_FONT_WEIGHT_NORMAL);
    p->lib.set_font_size(p->cr, size);
}

static double text_width(struct plot_canvas *c, const char *z, enum plot_face face, double size)
{
    struct plot_cairo *p = self(c);
    cairo_text_extents_t x;
    font(p, face, size);
    p->lib.text_extents(p->cr, z, &x);
    return x.x_advance;
}

static void draw_text(struct plot_canvas *c, const struct plot_text *t)
{
    struct plot_cairo *p = self(c);
    double w = text_width(c, t->z, t->face, t->size);
    double back = t->anchor == PLOT_START ? 0 : t->anchor == PLOT_MIDDLE ? w / 2 : w;
    colour(p, t->colour, 1);
    p->lib.move_to(p->cr, t->x - (t->upright ? 0 : back), t->y + (t->upright ? back : 0));
    if (t->upright) {
        p->lib.save(p->cr);
        p->lib.rotate(p->cr, -M_PI / 2);
    }
    p->lib.show_text(p->cr, t->z);
    if (t->upright)
        p->lib.restore(p->cr);
    p->lib.new_path(p->cr);
}

static void set_clip(struct plot_canvas *c, const struct plot_box *b)
{
    struct plot_cairo *p = self(c);
    if (p->clipped)
        p->lib.restore(p->cr);
    p->clipped = b != NULL;
    if (!b)
        return;
    p->lib.save(p->cr);
    p->lib.new_path(p->cr);
    p->lib.rectangle(p->cr, b->x, b->y, b->w, b->h);
    p->lib.clip(p->cr);
}

static cairo_status_t put(void *arg, const unsigned char *data, unsigned n)
{
    return buf_add(arg, data, n) == 0 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void open_surface(struct plot_cairo *p, const struct plot_cairo_opts *o)
{
    double scale = o->format == PLOT_PNG ? o->dpi / 72 : 1;
    if (o->format == PLOT_PDF) {
        char iso[40];
        p->surface = p->lib.pdf_surface_create_for_stream(put, &p->pdf, o->width, o->height);
        fmt_utc_iso(iso, o->made * NS_PER_S);
        snprintf(iso + 19, sizeof iso - 19, "Z"); /* without the fraction */
        p->lib.pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE, iso);
        if (o->title)
            p->lib.pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, o->title);
    } else {
        bool draws = o->format == PLOT_PNG;
        p->surface = p->lib.image_surface_create(CAIRO_FORMAT_RGB24, draws ? (int)round(o->width * scale) : 1,
                                                 draws ? (int)round(o->height * scale) : 1);
    }
    p->cr = p->lib.create(p->surface);
    p->lib.scale(p->cr, scale, scale);
    cairo_font_options_t *options = p->lib.font_options_create();
    p->lib.font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    p->lib.font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    p->lib.font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    p->lib.set_font_options(p->cr, options);
    p->lib.font_options_destroy(options);
    p->lib.set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
    colour(p, 0xFFFFFF, 1);
    p->lib.paint(p->cr);
}

int plot_cairo_open(struct plot_cairo **c, const struct plot_cairo_opts *o, struct err *e)
{
    struct plot_cairo *p = xcalloc(1, sizeof *p);
    p->canvas = (struct plot_canvas){draw_lines, draw_polygon, draw_circle, draw_text, text_width, set_clip};
    p->format = o->format;
    buf_init(&p->pdf, PICTURE_MAX);
    int rc = load(p, e);
    if (rc == 0 && !(MAX(o->width, o->height) * o->dpi / 72 <= PIXELS_MAX && MIN(o->width, o->height) > 1))
        rc = err_set(e, ERR_LIMIT, "a picture of %.0f x %.0f points at %.0f dpi is too large to be drawn", o->width,
                     o->height, o->dpi);
    if (rc == 0) {
        open_surface(p, o);
        cairo_status_t s = p->lib.status(p->cr);
        font(p, PLOT_SANS, 10);
        if (s != CAIRO_STATUS_SUCCESS)
            rc = err_set(e, ERR_INTERNAL, "cairo: %s", p->lib.status_to_string(s));
        /* Where fontconfig finds none, cairo takes strokes of its own, which know no more than ASCII. */
        else if (p->lib.scaled_font_get_type(p->lib.get_scaled_font(p->cr)) == CAIRO_FONT_TYPE_USER)
            rc = err_set(
                e, ERR_IO,
                "there is no font to write with: fontconfig finds none (Debian's package is fonts-dejavu-core)");
    }
    *c = p;
    if (rc < 0)
        plot_cairo_close(c);
    return rc;
}

struct plot_canvas *plot_cairo_canvas(struct plot_cairo *c)
{
    return &c->canvas;
}

int plot_cairo_write(struct plot_cairo *c, struct buf *out, struct err *e)
{
    cairo_status_t s = c->lib.status(c->cr);
    if (s == CAIRO_STATUS_SUCCESS && c->format == PLOT_PNG)
        s = c->lib.surface_write_to_png_stream(c->surface, put, out);
    if (s == CAIRO_STATUS_SUCCESS) {
        c->lib.surface_finish(c->surface);
        s = c->lib.surface_status(c->surface);
    }
    if (s != CAIRO_STATUS_SUCCESS)
        return err_set(e, ERR_INTERNAL, "the picture cannot be drawn: cairo: %s", c->lib.status_to_string(s));
    buf_adds(out, buf_str(&c->pdf));
    return 0;
}

void plot_cairo_close(struct plot_cairo **c)
{
    struct plot_cairo *p = *c;
    if (!p)
        return;
    if (p->cr)
        p->lib.destroy(p->cr);
    if (p->surface) {
        p->lib.surface_destroy(p->surface);
        /* The fonts that both keep for a next time, which comes once in a run at the most. */
        p->lib.debug_reset_static_data();
        if (p->fontconfig_end)
            p->fontconfig_end();
    }
    buf_free(&p->pdf);
    free(p);
    *c = NULL;
}
