#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "plot_recorder.h"
#include "report/plot_qps.h"

static const struct drawn *find_text(const struct recorder *r, const char *text)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].kind == DRAWN_TEXT && strcmp(r->v[i].text, text) == 0)
            return &r->v[i];
    return NULL;
}

enum shape { PLAIN, FAILING, TINY, HUGE_VALUES, EQUAL, ZERO, NOTHING, SHAPES };

static double value(enum shape s, size_t i, size_t n, double base)
{
    double v = base * (1 + (double)i);
    switch (s) {
    case TINY:
        return v * 1e-7;
    case HUGE_VALUES:
        return v * 1e9;
    case EQUAL:
        return base;
    case ZERO:
        return 0;
    case NOTHING:
        return NAN;
    case FAILING:
        return i + 1 == n ? NAN : v * exp((double)i);
    default:
        return v;
    }
}

static const size_t counts[] = {1, 2, 4, 12, 40, 100};

/* All texts of the documented figure, for many numbers of levels and kinds of values, equally or doubly spaced. */
static void texts_keep_apart(void **state)
{
    (void)state;
    struct recorder *r = xcalloc(1, sizeof *r);
    struct plot_qps_level *l = xcalloc(100, sizeof *l);
    for (size_t c = 0; c < ARRAY_LEN(counts) * SHAPES * 4; c++) {
        size_t n = counts[c / (SHAPES * 4)];
        enum shape shape = (enum shape)(c / 4 % SHAPES);
        for (size_t i = 0; i < n; i++) {
            l[i].target = c & 1 ? 0.1 * (double)(i + 1) : pow(n > 40 ? 1.2 : 2, (double)i);
            l[i].actual = value(shape, i, n, 1);
            l[i].success_percent = shape == FAILING ? 100.0 * (double)(n - i) / (double)n : 100;
            for (size_t k = 0; k < PLOT_QPS_QUANTILES; k++) {
                l[i].ttft[k] = value(shape, i, n, 0.2 + 0.1 * (double)k);
                l[i].e2e[k] = value(shape, i, n, 2 + (double)k);
                l[i].tok_s[k] = value(shape, i, n, 30 + (double)k);
            }
            l[i].output_tok_s = c & 2 ? value(shape, i, n, 1000) : NAN;
            l[i].cost_per_million = c & 2 ? value(shape, i, n, 0.5) : NAN;
        }
        struct plot_qps q = {n, l, "Best Performance (before saturation):\n  Target QPS: 10.0\n\nGuidance:\n  - none",
                             1};
        struct plot_figure *f = plot_qps_figure(&q);
        recorder_init(r);
        plot_draw(&r->canvas, f);
        recorder_check_texts(r, f);
        assert_non_null(find_text(r, "QPS Benchmark Results"));
        assert_non_null(find_text(r, "Time to First Token (TTFT)"));
        plot_free(&f);
    }
    free(l);
    free(r);
}

static struct plot_figure *one_panel(const double *x, const double *y, size_t n)
{
    struct plot_figure *f = plot_new(1, 1, 8, 6, 72, 10);
    struct plot_panel *p = plot_panel_at(f, 0, 0, "Title");
    p->x.label = "across";
    p->x.lo = 0;
    p->x.hi = 10;
    p->left = (struct plot_axis){.label = "up", .scale = PLOT_LINEAR, .lo = 0, .hi = 100};
    plot_add(
        f, p,
        &(struct plot_series){
            .label = "line", .colour = 0x123456, .marker = PLOT_CIRCLE, .line = PLOT_SOLID, .n = n, .x = x, .y = y});
    return f;
}

/* A marker stands where the labels of the axes say that its value is. */
static void markers_stand_where_labels_say(void **state)
{
    (void)state;
    const double x[] = {1, 4, 9}, y[] = {12.5, 70, 33};
    struct recorder *r = xcalloc(1, sizeof *r);
    struct plot_figure *f = one_panel(x, y, 3);
    size_t seen = 0;
    recorder_init(r);
    plot_draw(&r->canvas, f);
    const struct drawn *y0 = find_text(r, "20"), *y1 = find_text(r, "80"), *x0 = find_text(r, "2"),
                       *x1 = find_text(r, "8");
    assert_true(y0 && y1 && x0 && x1);
    double per_y = (y1->at.y - y0->at.y) / 60, per_x = (x1->at.x - x0->at.x) / 6;
    double middle = 0.36 * 10; /* a label's baseline is so much below the middle of its digits */
    for (size_t i = 0; i < r->n && seen < 3; i++) {
        const struct drawn *d = &r->v[i];
        if (d->kind != DRAWN_CIRCLE || d->colour != 0x123456)
            continue;
        assert_true(fabs(d->at.x - (x0->at.x + (x[seen] - 2) * per_x)) < 0.01);
        assert_true(fabs(d->at.y - (y0->at.y - middle + (y[seen] - 20) * per_y)) < 0.01);
        seen++;
    }
    assert_int_equal(seen, 3);
    recorder_check_texts(r, f);
    plot_free(&f);
    free(r);
}

/* Lines end at a gap; a value out of a fixed range has no marker. */
static void gaps(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {10, 20, NAN, 40, INFINITY, 60, 1000, 80};
    struct recorder *r = xcalloc(1, sizeof *r);
    struct plot_figure *f = one_panel(x, y, 8);
    size_t lines = 0, points = 0, markers = 0;
    recorder_init(r);
    plot_draw(&r->canvas, f);
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].colour != 0x123456)
            continue;
        if (r->v[i].kind == DRAWN_LINES && r->v[i].clipped) {
            lines++;
            points += r->v[i].n;
        }
        markers += r->v[i].kind == DRAWN_CIRCLE;
    }
    assert_int_equal(lines, 2);       /* 1-2 and 6-8; 4 stands alone */
    assert_int_equal(points, 5);      /* the one out of range is on the line, which is clipped */
    assert_int_equal(markers, 5 + 1); /* and one in the legend */
    plot_free(&f);
    free(r);
}

static void no_data(void **state)
{
    (void)state;
    double x[] = {1, 2, 3};
    const double all[] = {NAN, NAN, NAN}, some[] = {1, NAN, 3};
    struct recorder *r = xcalloc(1, sizeof *r);
    struct plot_figure *f = one_panel(x, all, 3);
    recorder_init(r);
    plot_draw(&r->canvas, f);
    assert_non_null(find_text(r, "no data"));
    plot_free(&f);
    f = one_panel(x, some, 3);
    recorder_init(r);
    plot_draw(&r->canvas, f);
    assert_null(find_text(r, "no data")); /* no levels, so nothing is missed */
    assert_true(plot_levels_x(f, &f->panel[0].x, x, 3, NULL));
    recorder_init(r);
    plot_draw(&r->canvas, f);
    const struct drawn *d = find_text(r, "no data"), *tick = find_text(r, "2");
    assert_true(d && tick && fabs(d->box.x + d->box.w / 2 - tick->at.x) < 5);
    recorder_check_texts(r, f);
    plot_free(&f);
    free(r);
}

static void hollow_markers_and_rules(void **state)
{
    (void)state;
    const double x[] = {1, 2}, y[] = {10, 20};
    const bool hollow[] = {false, true};
    struct recorder *r = xcalloc(1, sizeof *r);
    struct plot_figure *f = one_panel(x, y, 2);
    size_t filled = 0, empty = 0, rules = 0;
    f->panel[0].series[0].hollow = hollow;
    plot_add_rule(&f->panel[0], &(struct plot_rule){"limit", 0xABCDEF, PLOT_DOTTED, PLOT_LEFT, false, 50});
    plot_add_rule(&f->panel[0], &(struct plot_rule){NULL, 0xABCDEF, PLOT_DOTTED, PLOT_LEFT, true, 5});
    recorder_init(r);
    plot_draw(&r->canvas, f);
    for (size_t i = 0; i < r->n; i++) {
        filled += r->v[i].kind == DRAWN_CIRCLE && r->v[i].colour == 0x123456;
        empty += r->v[i].kind == DRAWN_CIRCLE && r->v[i].colour == 0xFFFFFF && r->v[i].edge == 0x123456;
        rules += r->v[i].kind == DRAWN_LINES && r->v[i].colour == 0xABCDEF && r->v[i].line == PLOT_DOTTED;
    }
    assert_int_equal(filled, 1 + 1); /* and one in the legend */
    assert_int_equal(empty, 1);
    assert_int_equal(rules, 2 + 1);
    assert_non_null(find_text(r, "limit"));
    plot_free(&f);
    free(r);
}

/* A panel of text: all of it is there within the ground, in columns where it is long; what cannot fit ends in dots. */
static void text_panels(void **state)
{
    (void)state;
    struct recorder *r = xcalloc(1, sizeof *r);
    for (int lines = 0; lines <= 400; lines = lines * 2 + 1) {
        struct plot_figure *f = plot_new(1, 1, 8, 4, 72, 10);
        struct plot_panel *p = plot_panel_at(f, 0, 0, "Words");
        struct buf b = BUF_INIT(1u << 20);
        char last[64];
        for (int i = 0; i < lines; i++)
            buf_addf(&b, "%sline %d of the text\n", i % 5 == 4 ? "\n" : "", i);
        p->text = plot_textf(f, "%s", b.p ? b.p : "");
        recorder_init(r);
        plot_draw(&r->canvas, f);
        recorder_check_texts(r, f);
        snprintf(last, sizeof last, "line %d of the text", lines - 1);
        if (lines > 0 && lines < 60)
            assert_non_null(find_text(r, last));
        if (lines > 300)
            assert_non_null(find_text(r, "…"));
        buf_free(&b);
        plot_free(&f);
    }
    free(r);
}

static void check_clean(const char *in, const char *expected)
{
    char out[16];
    assert_string_equal(plot_clean(out, sizeof out, in), expected);
}

static void cleaning(void **state)
{
    (void)state;
    check_clean("plain", "plain");
    check_clean("a\tb\nc\x7f", "a b c ");
    check_clean("\xC3\xA9\xE2\x89\xA5\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x89\xA5\xF0\x9F\x98\x80");
    check_clean("\x80x\xC3", "?x?");
    check_clean("\xC0\xAF\xED\xA0\x80", "?????"); /* overlong, and a surrogate */
    check_clean("\xF4\x90\x80\x80", "????");      /* beyond U+10FFFF */
    check_clean("\xC2\x85z", " z");               /* a control character */
    check_clean("fifteen letters and more", "fifteen letters");
    check_clean("14 and a half \xC3\xA9", "14 and a half "); /* never half a character */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_keep_apart),
        cmocka_unit_test(markers_stand_where_labels_say),
        cmocka_unit_test(gaps),
        cmocka_unit_test(no_data),
        cmocka_unit_test(hollow_markers_and_rules),
        cmocka_unit_test(text_panels),
        cmocka_unit_test(cleaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
