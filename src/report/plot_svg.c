#include "report/plot_svg.h"

static struct plot_svg *self(struct plot_canvas *c)
{
    return (struct plot_svg *)(void *)c;
}

/* Coordinates in hundredths: 1/7200 inch. */
static void number(struct buf *b, double v)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.2f", v);
    while (n > 0 && text[n - 1] == '0')
        n--;
    if (n > 0 && text[n - 1] == '.')
        n--;
    buf_add(b, n == 2 && memcmp(text, "-0", 2) == 0 ? "0" : text, n == 2 && memcmp(text, "-0", 2) == 0 ? 1 : (size_t)n);
}

static void attribute(struct buf *b, const char *name, double v)
{
    buf_addf(b, " %s=\"", name);
    number(b, v);
    buf_addc(b, '"');
}

static void escaped(struct buf *b, const char *z)
{
    for (; *z; z++) {
        if (*z == '&')
            buf_addz(b, "&amp;");
        else if (*z == '<')
            buf_addz(b, "&lt;");
        else if (*z == '>')
            buf_addz(b, "&gt;");
        else if (*z == '"')
            buf_addz(b, "&quot;");
        else
            buf_addc(b, *z);
    }
}

static void stroke(struct buf *b, const struct plot_pen *pen)
{
    double dash[2];
    if (!pen)
        return;
    buf_addf(b, " stroke=\"#%06X\"", pen->colour);
    attribute(b, "stroke-width", pen->width);
    if (pen->alpha < 1)
        attribute(b, "stroke-opacity", pen->alpha);
    if (plot_dashes(pen->line, pen->width, dash)) {
        buf_addz(b, " stroke-dasharray=\"");
        number(b, dash[0]);
        buf_addc(b, ' ');
        number(b, dash[1]);
        buf_addc(b, '"');
    } else {
        buf_addz(b, " stroke-linecap=\"round\"");
    }
}

static void fill(struct buf *b, uint32_t rgb, double alpha)
{
    if (alpha > 0)
        buf_addf(b, " fill=\"#%06X\"", rgb);
    else
        buf_addz(b, " fill=\"none\"");
    if (alpha > 0 && alpha < 1)
        attribute(b, "fill-opacity", alpha);
}

static void points(struct buf *b, const struct plot_point *p, size_t n)
{
    buf_addz(b, " points=\"");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(b, ' ');
        number(b, p[i].x);
        buf_addc(b, ',');
        number(b, p[i].y);
    }
    buf_addc(b, '"');
}

static void draw_lines(struct plot_canvas *c, const struct plot_point *p, size_t n, const struct plot_pen *pen)
{
    struct buf *b = self(c)->out;
    buf_addz(b, "<polyline");
    points(b, p, n);
    fill(b, 0, 0);
    stroke(b, pen);
    buf_addz(b, "/>\n");
}

static void draw_polygon(struct plot_canvas *c, const struct plot_point *p, size_t n, uint32_t rgb, double alpha,
                         const struct plot_pen *edge)
{
    struct buf *b = self(c)->out;
    buf_addz(b, "<polygon");
    points(b, p, n);
    fill(b, rgb, alpha);
    stroke(b, edge);
    buf_addz(b, "/>\n");
}

static void draw_circle(struct plot_canvas *c, struct plot_point at, double radius, uint32_t rgb, double alpha,
                        const struct plot_pen *edge)
{
    struct buf *b = self(c)->out;
    buf_addz(b, "<circle");
    attribute(b, "cx", at.x);
    attribute(b, "cy", at.y);
    attribute(b, "r", radius);
    fill(b, rgb, alpha);
    stroke(b, edge);
    buf_addz(b, "/>\n");
}

static double text_width(struct plot_canvas *c, const char *z, enum plot_face face, double size)
{
    struct plot_canvas *r = self(c)->ruler;
    return r->text_width(r, z, face, size);
}

static void draw_text(struct plot_canvas *c, const struct plot_text *t)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    struct buf *b = self(c)->out;
    if (!*t->z)
        return;
    buf_addz(b, "<text");
    attribute(b, "x", t->x);
    attribute(b, "y", t->y);
    attribute(b, "font-size", t->size);
    attribute(b, "textLength", text_width(c, t->z, t->face, t->size));
    buf_addf(b, " lengthAdjust=\"spacingAndGlyphs\" text-anchor=\"%s\" fill=\"#%06X\"", anchors[t->anchor], t->colour);
    if (t->face == PLOT_BOLD || t->face == PLOT_MONO_BOLD)
        buf_addz(b, " font-weight=\"bold\"");
    if (t->face >= PLOT_MONO)
        buf_addz(b, " font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\"");
    if (t->upright) {
        buf_addz(b, " transform=\"rotate(-90 ");
        number(b, t->x);
        buf_addc(b, ' ');
        number(b, t->y);
        buf_addz(b, ")\"");
    }
    buf_addz(b, " xml:space=\"preserve\">");
    escaped(b, t->z);
    buf_addz(b, "</text>\n");
}

static void set_clip(struct plot_canvas *c, const struct plot_box *box)
{
    struct plot_svg *s = self(c);
    if (s->clipped)
        buf_addz(s->out, "</g>\n");
    s->clipped = box != NULL;
    if (!box)
        return;
    buf_addf(s->out, "<clipPath id=\"c%u\"><rect", s->clips);
    attribute(s->out, "x", box->x);
    attribute(s->out, "y", box->y);
    attribute(s->out, "width", box->w);
    attribute(s->out, "height", box->h);
    buf_addf(s->out, "/></clipPath>\n<g clip-path=\"url(#c%u)\">\n", s->clips);
    s->clips++;
}

void plot_svg_begin(struct plot_svg *s, struct plot_canvas *ruler, struct buf *out, double width, double height,
                    const char *title)
{
    char clean[512];
    *s = (struct plot_svg){{draw_lines, draw_polygon, draw_circle, draw_text, text_width, set_clip}, ruler, out, 0, 0};
    buf_addz(out,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\"");
    buf_addz(out, " width=\"");
    number(out, width);
    buf_addz(out, "pt\" height=\"");
    number(out, height);
    buf_addz(out, "pt\" viewBox=\"0 0 ");
    number(out, width);
    buf_addc(out, ' ');
    number(out, height);
    buf_addz(out, "\" font-family=\"'DejaVu Sans', Verdana, 'Helvetica Neue', Arial, sans-serif\" "
                  "stroke-linejoin=\"round\">\n<title>");
    escaped(out, plot_clean(clean, sizeof clean, title ? title : "weir"));
    buf_addz(out, "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n");
}

void plot_svg_end(struct plot_svg *s)
{
    set_clip(&s->canvas, NULL);
    buf_addz(s->out, "</svg>\n");
}
