/* test_cores.c - who sits on which core, on machines that are only files: SMT, two cores, one, holes in the mask,
 * quotas of both kinds of cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "campaign/cores.h"

struct machine {
    char root[64];
    struct core_map m;
    cpu_set_t mask;
};

static void put(const struct machine *x, const char *path, const char *text)
{
    char whole[512], folder[512];
    snprintf(whole, sizeof whole, "%s%s", x->root, path);
    snprintf(folder, sizeof folder, "%s", whole);
    *strrchr(folder, '/') = 0;
    assert_int_equal(dir_make(folder, NULL), 0);
    assert_int_equal(file_write(whole, str_of(text), NULL), 0);
}

static void allow(struct machine *x, const char *list)
{
    uint16_t cpu[CORES_MAX];
    size_t n = 0;
    assert_int_equal(cores_parse(str_of(list), cpu, CORES_MAX, &n, NULL), 0);
    CPU_ZERO(&x->mask);
    for (size_t i = 0; i < n; i++)
        CPU_SET(cpu[i], &x->mask);
}

/* `physical` cores; with SMT, i and i + physical are siblings, as most machines number them. */
static void build(struct machine *x, unsigned physical, bool smt)
{
    memset(x, 0, sizeof *x);
    snprintf(x->root, sizeof x->root, "/tmp/weir-cores-XXXXXX");
    assert_non_null(mkdtemp(x->root));
    CPU_ZERO(&x->mask);
    for (unsigned i = 0; i < physical * (smt ? 2 : 1); i++) {
        char path[128], list[64];
        unsigned low = i % physical;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", i);
        snprintf(list, sizeof list, smt ? "%u,%u\n" : "%u\n", low, low + physical);
        put(x, path, list);
        CPU_SET(i, &x->mask);
    }
}

static void look(struct machine *x)
{
    cores_read(&x->m, x->root, &x->mask);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    return remove(path);
}

static void drop(struct machine *x)
{
    assert_int_equal(nftw(x->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The order of preference, as text. */
static void order_is(const struct machine *x, const char *want)
{
    struct buf b = BUF_INIT(4096);
    for (unsigned i = 0; i < x->m.n; i++)
        buf_addf(&b, "%s%u", i ? " " : "", x->m.core[i].cpu);
    assert_string_equal(buf_str(&b).p, want);
    buf_free(&b);
}

static void plan_is(const struct machine *x, const char *pin, unsigned workers, bool server, const char *want)
{
    struct core_plan *p = calloc(1, sizeof *p);
    struct buf b = BUF_INIT(4096);
    struct err e = {0};
    if (cores_plan(p, &x->m, pin, workers, server, &e) == 0) {
        assert_true(p->pinned);
        cores_text(p, &b);
        assert_string_equal(buf_str(&b).p, want);
        for (unsigned i = 0; i < workers; i++)
            assert_true(CPU_ISSET(p->worker[i], &x->mask));
        cpu_set_t outside;
        CPU_OR(&outside, &p->writer, &p->server);
        CPU_OR(&outside, &outside, &x->mask);
        assert_true(CPU_EQUAL(&outside, &x->mask));
    } else {
        assert_int_equal(e.code, ERR_USAGE);
        assert_string_equal(e.text, want);
    }
    buf_free(&b);
    free(p);
}

static void smt_machine(void **state)
{
    (void)state;
    struct machine x;
    build(&x, 4, true);
    look(&x);
    order_is(&x, "1 2 3 0 5 6 7 4");
    assert_int_equal(x.m.worth, 8);
    plan_is(&x, "auto", 1, false, "worker 0 on 1, writer on 0,2-4,6,7");
    drop(&x);
}

static void sets(void **state)
{
    (void)state;
    struct machine x;
    build(&x, 4, true);
    look(&x);
    /* No sibling of a worker's core for the writer while there is another. */
    plan_is(&x, "auto", 3, false, "workers 0-2 on 1-3, writer on 0,4");
    plan_is(&x, "auto", 4, false, "workers 0-3 on 1-3,0, writer on 4-7");
    plan_is(&x, "auto", 8, false, "workers 0-7 on 1-3,0,5-7,4, writer on 4 with workers");
    plan_is(&x, "auto", 9, false, "9 workers share 1-3,0,5-7,4, writer on 4 with workers");
    /* The simulator has physical cores of its own. */
    plan_is(&x, "auto", 1, true, "worker 0 on 1, writer on 2,6, simulator on 0,3,4,7");
    plan_is(&x, "auto", 4, true, "workers 0-3 on 1,2,5,6, writer on 0,3,4,7 with the simulator");
    plan_is(&x, "auto", 6, true, "6 workers share 1,2,5,6, writer on 0,3,4,7 with the simulator");
    drop(&x);
}

static void few_cores(void **state)
{
    (void)state;
    struct machine x;
    build(&x, 2, false);
    look(&x);
    order_is(&x, "1 0");
    plan_is(&x, "auto", 1, true, "worker 0 on 1, writer on 0 with the simulator");
    plan_is(&x, "auto", 1, false, "worker 0 on 1, writer on 0");
    plan_is(&x, "auto", 2, false, "workers 0-1 on 1,0, writer on 0 with workers");
    plan_is(&x, "auto", 2, true, "2 workers share 1, writer on 0 with the simulator");
    drop(&x);

    build(&x, 1, false);
    look(&x);
    plan_is(&x, "auto", 1, false, "worker 0 on 0, writer on 0 with the worker");
    plan_is(&x, "auto", 3, true, "3 workers share 0, writer on 0 with workers and the simulator");
    struct core_halves h;
    cores_halve(&x.m, &h);
    assert_int_equal(h.n_client + h.n_server, 0);
    drop(&x);

    build(&x, 1, true); /* two threads of one core are better than none */
    look(&x);
    plan_is(&x, "auto", 1, true, "worker 0 on 0, writer on 1 with the simulator");
    drop(&x);
}

static void holes_in_the_mask(void **state)
{
    (void)state;
    struct machine x;
    build(&x, 4, true);
    allow(&x, "0,4,6,7");
    look(&x);
    /* 6 and 7 are the only threads of their cores that may be used; 4 is the sibling of 0. */
    order_is(&x, "6 7 0 4");
    plan_is(&x, "auto", 2, false, "workers 0-1 on 6,7, writer on 0,4");
    plan_is(&x, "auto", 1, true, "worker 0 on 6, writer on 7, simulator on 0,4");
    plan_is(&x, "0,6-7", 2, false, "workers 0-1 on 0,6, writer on 7");
    plan_is(&x, "6", 2, true, "2 workers share 6, writer on 0,4,7 with the simulator");
    plan_is(&x, "0,4,6-7", 4, false, "workers 0-3 on 0,4,6,7, writer on 0,4,6,7 with workers");
    plan_is(&x, "6,1", 1, false, "--pin 6,1: core 1 is not one that this process may use; those are 0,4,6,7");
    plan_is(&x, "900", 1, false, "--pin 900: core 900 is not one that this process may use; those are 0,4,6,7");
    drop(&x);
}

static void quotas(void **state)
{
    (void)state;
    struct machine x;
    build(&x, 8, false);
    put(&x, "/proc/self/cgroup", "0::/box/inner\n");
    put(&x, "/sys/fs/cgroup/box/inner/cpu.max", "max 100000\n");
    put(&x, "/sys/fs/cgroup/box/cpu.max", "150000 100000\n"); /* an ancestor's holds too */
    look(&x);
    assert_true(fabs(x.m.quota - 1.5) < 1e-9);
    assert_int_equal(x.m.worth, 2);
    plan_is(&x, "auto", 1, false, "worker 0 on 1, writer on 2");
    plan_is(&x, "auto", 1, true, "worker 0 on 1, writer on 2 with the simulator");
    plan_is(&x, "7", 1, false, "worker 0 on 7, writer on 0-6"); /* a list is the user's own affair */
    put(&x, "/sys/fs/cgroup/box/inner/cpu.max", "50000 100000\n");
    look(&x);
    assert_int_equal(x.m.worth, 1);
    plan_is(&x, "auto", 1, false, "worker 0 on 1, writer on 1 with the worker");
    drop(&x);

    build(&x, 4, false); /* the older kind, in a container that sees only its own root */
    put(&x, "/proc/self/cgroup", "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc\n1:cpuset:/x\n");
    put(&x, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
    put(&x, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    look(&x);
    assert_int_equal(x.m.worth, 3);
    put(&x, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    look(&x);
    assert_true(x.m.quota == 0 && x.m.worth == 4);
    put(&x, "/proc/self/cgroup", "rubbish\n0::\n:::\n4:cpu:/\xff\n");
    look(&x);
    assert_int_equal(x.m.worth, 4);
    drop(&x);
}

static void nothing_known(void **state)
{
    (void)state;
    struct core_map *m = malloc(sizeof *m);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(3, &one);
    cores_read(m, "/nonexistent", &one);
    assert_true(m->n == 1 && m->worth == 1 && m->quota == 0 && m->core[0].cpu == 3);
    cores_read(m, "", NULL); /* this machine */
    assert_true(m->n >= 1 && m->worth >= 1 && m->worth <= m->n);
    struct core_plan p;
    assert_int_equal(cores_plan(&p, m, "none", 4, true, NULL), 0);
    assert_false(p.pinned);
    free(m);
}

static void lists(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   ",",   "1,",    "a",    "3-1", "-1",
                                      "1-", "0,0", "2-4,3", "1024", "1;2", "99999999999999999999"};
    uint16_t cpu[8];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        size_t n = 0;
        struct err e = {0};
        assert_int_equal(cores_parse(str_of(bad[i]), cpu, ARRAY_LEN(cpu), &n, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
    }
    size_t n = 0;
    assert_int_equal(cores_parse(STR("7, 2-4,0"), cpu, ARRAY_LEN(cpu), &n, NULL), 0);
    const uint16_t want[] = {7, 2, 3, 4, 0};
    assert_int_equal(n, ARRAY_LEN(want));
    assert_memory_equal(cpu, want, sizeof want);
    n = 0;
    assert_int_equal(cores_parse(STR("0-8"), cpu, ARRAY_LEN(cpu), &n, NULL), -1); /* more than there is room for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smt_machine), cmocka_unit_test(sets),
        cmocka_unit_test(few_cores),   cmocka_unit_test(holes_in_the_mask),
        cmocka_unit_test(quotas),      cmocka_unit_test(nothing_known),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
