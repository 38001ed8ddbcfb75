#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "report/plot.h"

static void formats(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int format; /* -1: none */
    } cases[] = {{"a.png", PLOT_PNG},
                 {"dir.d/b.SVG", PLOT_SVG},
                 {"/x/y.z.Pdf", PLOT_PDF},
                 {"a.jpg", -1},
                 {"png", -1},
                 {".png", -1},
                 {"dir/.png", -1},
                 {"a.png/", -1},
                 {"", -1},
                 {"a.png ", -1},
                 {"a.svg.gz", -1},
                 {"a", -1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum plot_format f = (enum plot_format)99;
        struct err e = {0};
        int rc = plot_format_of(cases[i].path, &f, &e);
        assert_int_equal(rc, cases[i].format < 0 ? -1 : 0);
        if (rc == 0) {
            assert_int_equal(f, cases[i].format);
        } else {
            assert_int_equal(e.code, ERR_USAGE);
            assert_non_null(strstr(e.text, ".png, .svg or .pdf"));
        }
    }
}

/* Cairo or its fonts may be missing where the tests run; then nothing can be drawn, and this is what must be said. */
static bool can_draw(void)
{
    struct err e = {0};
    char dir[] = "/tmp/weir-plot-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.png", dir);
    int rc = plot_check(path, NULL, &e);
    rmdir(dir);
    if (rc < 0)
        assert_true(strstr(e.text, "libcairo2") || strstr(e.text, "fonts-dejavu-core"));
    return rc == 0;
}

static void expect(const char *path, const char *made, const char *words)
{
    struct err e = {0};
    int rc = plot_check(path, made, &e);
    assert_int_equal(rc, words ? -1 : 0);
    if (words)
        assert_non_null(strstr(e.text, words));
}

static void checks(void **state)
{
    (void)state;
    if (!can_draw())
        skip();
    char dir[] = "/tmp/weir-plot-XXXXXX", path[64], other[64], beside[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.png", dir);
    snprintf(beside, sizeof beside, "%s/a.png.tmp", dir);
    snprintf(other, sizeof other, "%s/new", dir);
    expect(path, NULL, NULL);
    assert_int_equal(access(path, F_OK), -1); /* nothing stays behind */
    assert_int_equal(access(beside, F_OK), -1);
    expect("/nowhere/at/all/a.png", NULL, "there is no folder /nowhere/at/all");
    expect("/dev/null/a.png", NULL, "there is no folder /dev/null");
    expect("a.gif", NULL, "a.gif: a picture's name ends in");
    mkdir(path, 0700);
    expect(path, NULL, "no file that could be replaced");
    rmdir(path);
    snprintf(path, sizeof path, "%s/new/a.png", dir);
    expect(path, NULL, "there is no folder");
    expect(path, other, NULL); /* it will have been made */
    snprintf(other, sizeof other, "%s/new//", dir);
    expect(path, other, NULL);
    snprintf(other, sizeof other, "%s/ne", dir);
    expect(path, other, "there is no folder");
    snprintf(path, sizeof path, "%s/new/deeper/a.png", dir);
    snprintf(other, sizeof other, "%s/new", dir);
    expect(path, other, "there is no folder");
    if (geteuid() != 0) {
        snprintf(path, sizeof path, "%s/a.png", dir);
        chmod(dir, 0500);
        expect(path, NULL, "cannot be written: Permission denied");
        chmod(dir, 0700);
    }
    rmdir(dir);
}

static void levels(void **state)
{
    (void)state;
    struct plot_figure *f = plot_new(1, 1, 4, 3, 100, 10);
    double rising[] = {1, 5, 20}, same[] = {5, 5, 20}, falling[] = {3, 2, 1}, gap[] = {1, NAN, 3};
    struct plot_axis a = {0};
    assert_true(plot_levels_x(f, &a, rising, 3, NULL));
    assert_int_equal(a.n_at, 3);
    assert_true(a.at[2] == 20 && a.lo < 1 && a.hi > 20 && !a.names);
    double *wrong[] = {same, falling, gap};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_false(plot_levels_x(f, &a, wrong[i], 3, NULL));
        assert_true(wrong[i][0] == 0 && wrong[i][1] == 1 && wrong[i][2] == 2);
        assert_string_equal(a.names[2], "3");
    }
    assert_false(plot_levels_x(f, &a, rising, 3, (const char *const[]){"a", "b", "c"}));
    assert_string_equal(a.names[0], "a");
    assert_true(rising[2] == 2);
    plot_free(&f);
    assert_null(f);
    plot_free(&f);
}

/* What is added is the figure's own, and what is too much is left out. */
static void ownership(void **state)
{
    (void)state;
    struct plot_figure *f = plot_new(1, 1, 4, 3, 100, 10);
    struct plot_panel *p = plot_panel_at(f, 0, 0, "t");
    double x[] = {1}, y[] = {2};
    bool hollow[] = {true};
    for (int i = 0; i < PLOT_SERIES_MAX + 5; i++)
        plot_add(f, p, &(struct plot_series){.n = 1, .x = x, .y = y, .hollow = hollow});
    for (int i = 0; i < PLOT_LINES_MAX + 5; i++)
        plot_add_rule(p, &(struct plot_rule){.at = i});
    x[0] = y[0] = 99;
    hollow[0] = false;
    assert_int_equal(p->n_series, PLOT_SERIES_MAX);
    assert_int_equal(p->n_rules, PLOT_LINES_MAX);
    assert_true(p->series[0].x[0] == 1 && p->series[0].y[0] == 2 && p->series[0].hollow[0]);
    plot_free(&f);
}

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* Each format begins and ends as its specification says, is the same twice, and a PNG is inches x dpi large. */
static void files(void **state)
{
    (void)state;
    if (!can_draw())
        skip();
    struct plot_figure *f = plot_new(1, 1, 4, 3, 150, 10);
    double x[] = {1, 2, 3}, y[] = {1, 4, 9};
    f->title = "<squares> & \"more\" \xFF";
    f->made = 1700000000;
    plot_add(f, plot_panel_at(f, 0, 0, "t"),
             &(struct plot_series){.label = "x", .marker = PLOT_CROSS, .line = PLOT_DASHED, .n = 3, .x = x, .y = y});
    for (int format = PLOT_PNG; format <= PLOT_PDF; format++) {
        struct buf a = BUF_INIT(1u << 24), b = BUF_INIT(1u << 24), tight = BUF_INIT(1000);
        struct err e = {0};
        assert_int_equal(plot_render(&a, f, (enum plot_format)format, &e), 0);
        assert_int_equal(plot_render(&b, f, (enum plot_format)format, &e), 0);
        assert_true(str_eq(buf_str(&a), buf_str(&b)));
        if (format == PLOT_PNG) {
            assert_memory_equal(a.p, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
            assert_int_equal(be32(a.p + 16), 600);
            assert_int_equal(be32(a.p + 20), 450);
        } else if (format == PLOT_SVG) {
            assert_true(str_starts(buf_str(&a), STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ")));
            assert_true(str_ends(buf_str(&a), STR("</svg>\n")));
            assert_non_null(strstr(a.p, "&lt;squares&gt; &amp; &quot;more&quot; ?</text>"));
        } else {
            assert_true(str_starts(buf_str(&a), STR("%PDF-1.")));
            assert_true(str_ends(buf_str(&a), STR("%%EOF\n")));
            assert_true(str_find(buf_str(&a), STR("20231114221320Z")) > 0); /* 1700000000 */
        }
        assert_int_equal(plot_render(&tight, f, (enum plot_format)format, &e), -1);
        buf_free(&a);
        buf_free(&b);
        buf_free(&tight);
    }
    struct buf b = BUF_INIT(1u << 20);
    struct err e = {0};
    f->dpi = 1e6;
    assert_int_equal(plot_render(&b, f, PLOT_PNG, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    buf_free(&b);
    plot_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),   cmocka_unit_test(checks), cmocka_unit_test(levels),
        cmocka_unit_test(ownership), cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
