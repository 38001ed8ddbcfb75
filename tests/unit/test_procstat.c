#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/procstat.h"

static void put(const char *root, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(file_write(path, str_of(text), NULL), 0);
}

/* The same steal on each of many processors: whichever of them this thread may use. */
static void put_stat(const char *root, int steal)
{
    char text[16384];
    int n = snprintf(text, sizeof text, "cpu  11 22 33 44 55 66 77 88 99 0\n");
    for (int i = 0; i < 256; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "cpu%d 1 2 3 4 5 6 7 %d 9 0\n", i, steal);
    snprintf(text + n, sizeof text - (size_t)n, "intr 1 2 3\n");
    put(root, "stat", text);
}

/* Only the processors that the thread may use count, whatever their order and number. */
static void steal_of_some_processors(void **state)
{
    (void)state;
    const struct str stat = STR("cpu  0 0 0 0 0 0 0 660 0 0\ncpu0 1 2 3 4 5 6 7 100 9 0\n"
                                "cpu1 1 2 3 4 5 6 7 200 9 0\ncpu3 1 2 3 4 5 6 7 360 9 0\nintr 5\n");
    const unsigned char all[] = {1, 1, 1, 1}, first[] = {1, 0, 0, 0}, third[] = {0, 0, 1, 0}, ends[] = {1, 0, 0, 1};
    assert_int_equal(procstat_steal(stat, all, 4, 10), 2200);
    assert_int_equal(procstat_steal(stat, first, 4, 10), 1000);
    assert_int_equal(procstat_steal(stat, ends, 4, 10), 2300);
    assert_int_equal(procstat_steal(stat, third, 4, 10), -1); /* is not running */
    assert_int_equal(procstat_steal(stat, all, 1, 10), 1000);
    assert_int_equal(procstat_steal(STR(""), all, 4, 10), -1);
    assert_int_equal(procstat_steal(STR("cpu"), all, 4, 10), -1);
    assert_int_equal(procstat_steal(STR("cpu0 1 2 3 4\n"), all, 4, 10), -1);
}

static void numbers_of_a_fake_proc(void **state)
{
    (void)state;
    char root[] = "/tmp/weir-proc-XXXXXX", sub[64];
    assert_non_null(mkdtemp(root));
    snprintf(sub, sizeof sub, "%s/thread-self", root);
    assert_int_equal(mkdir(sub, 0700), 0);
    struct procstat s;
    int64_t tick = NS_PER_S / sysconf(_SC_CLK_TCK);

    procstat_sample(&s, root); /* nothing there */
    assert_int_equal(s.run_delay, 0);
    assert_int_equal(s.steal, -1);

    /* proc(5): "cpu user nice system idle iowait irq softirq steal guest guest_nice" */
    put_stat(root, 88);
    put(root, "thread-self/schedstat", "123456 7890123 42\n");
    int64_t before = clock_mono();
    procstat_sample(&s, root);
    assert_int_equal(s.steal, 88 * tick);
    assert_int_equal(s.run_delay, 7890123);
    assert_true(s.at >= before && s.at <= clock_mono());
    assert_true(s.cpu > 0);

    put(root, "stat", "cpu  11 22 33 44 55 66 77\ncpu0 11 22 33\ncpu1 1 2 3\n"); /* a kernel without steal */
    put(root, "thread-self/schedstat", "junk\n");
    procstat_sample(&s, root);
    assert_int_equal(s.steal, -1);
    assert_int_equal(s.run_delay, 0);
    put(root, "stat", "cpu  11 22 33 44 55 66 77 88 99 0"); /* cut off: no line */
    procstat_sample(&s, root);
    assert_int_equal(s.steal, -1);

    char path[128];
    snprintf(path, sizeof path, "%s/stat", root);
    unlink(path);
    snprintf(path, sizeof path, "%s/schedstat", sub);
    unlink(path);
    rmdir(sub);
    rmdir(root);
}

static void processor_time_of_this_thread_passes(void **state)
{
    (void)state;
    struct procstat a, b;
    procstat_sample(&a, NULL);
    while (clock_thread_cpu() - a.cpu < 3 * NS_PER_MS)
        ;
    procstat_sample(&b, NULL);
    assert_true(b.cpu - a.cpu >= 3 * NS_PER_MS);
    assert_true(b.at - a.at >= b.cpu - a.cpu - NS_PER_MS);
    assert_true(b.run_delay >= a.run_delay && b.involuntary >= a.involuntary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_a_fake_proc),
        cmocka_unit_test(steal_of_some_processors),
        cmocka_unit_test(processor_time_of_this_thread_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
