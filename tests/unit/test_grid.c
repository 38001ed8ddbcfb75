#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/grid.h"

static void fill(struct grid *g)
{
    char(*c)[GRID_CELL];
    grid_init(g, 2);
    grid_group(g, "");
    c = grid_col(g, "k");
    snprintf(c[0], GRID_CELL, "a");
    snprintf(c[1], GRID_CELL, "bb");
    grid_group(g, "wide title");
    c = grid_col(g, "x");
    snprintf(c[0], GRID_CELL, "≥1");
    snprintf(c[1], GRID_CELL, "22*");
    grid_group(g, "two");
    c = grid_col(g, "p");
    snprintf(c[0], GRID_CELL, "3");
    c = grid_col(g, "q");
    snprintf(c[1], GRID_CELL, "4");
}

static void check(int width, const char *want)
{
    struct grid g;
    struct buf b = BUF_INIT(10000);
    fill(&g);
    grid_print(&b, &g, width, false);
    assert_string_equal(b.p, want);
    buf_free(&b);
    grid_free(&g);
}

static void test_side_by_side(void **state)
{
    check(80, "      wide title   two\n"
              "  k            x   p  q\n"
              " ──   ──────────   ────\n"
              "  a           ≥1   3   \n"
              " bb          22*      4\n");
}

/* What does not fit goes below, with the first column again; a width that is too small for one group is overrun. */
static void test_stacked(void **state)
{
    static const char stacked[] = "      wide title\n"
                                  "  k            x\n"
                                  " ──   ──────────\n"
                                  "  a           ≥1\n"
                                  " bb          22*\n"
                                  "\n"
                                  "      two\n"
                                  "  k   p  q\n"
                                  " ──   ────\n"
                                  "  a   3   \n"
                                  " bb      4\n";
    check(20, stacked);
    check(1, stacked);
}

static void test_too_many(void **state)
{
    struct grid g;
    grid_init(&g, 1);
    assert_null(grid_col(&g, "no group yet"));
    grid_group(&g, "g");
    for (size_t i = 0; i < GRID_COLS_MAX; i++)
        assert_non_null(grid_col(&g, "c"));
    assert_null(grid_col(&g, "c"));
    grid_free(&g);
}

static void test_wrap(void **state)
{
    static const struct {
        const char *text, *want;
        int width;
    } cases[] = {
        {"one two three", "> one two\n  three\n", 9},
        {"one two three", "> one two three\n", 15},
        {"one two three", "> one two\n  three\n", 14},
        {"  a    b  ", "> a b\n", 20},
        {"unbreakable word", "> unbreakable\n  word\n", 4},
        {"≥≥≥ ≥≥≥", "> ≥≥≥ ≥≥≥\n", 9},
        {"", "> \n", 9},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(1000);
        text_wrap(&b, "> ", cases[i].text, cases[i].width);
        assert_string_equal(b.p, cases[i].want);
        buf_free(&b);
    }
    assert_int_equal(text_width("≥1 µs"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_stacked),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
