/* test_loop_epoll.c - the files that can wait for others (loop_io_bulk). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

enum { N = 50 };

struct file {
    struct io io;
    struct rig *r;
    int wfd, calls;
    unsigned what;
};

struct rig {
    struct loop *l;
    struct file bulk[N], other;
    int bulk_calls, bulk_before_other;
    bool kill; /* the first to be called takes all others away */
};

static void on_bulk(struct io *io, unsigned what)
{
    struct file *f = CONTAINER_OF(io, struct file, io);
    struct rig *r = f->r;
    char c;
    f->calls++;
    f->what |= what;
    if (what & IO_READ)
        assert_int_equal(read(io->fd, &c, 1), 1);
    else
        loop_io_del(r->l, io);
    if (r->bulk_calls++ == 0)
        assert_int_equal(write(r->other.wfd, "x", 1), 1);
    for (int i = 0; r->kill && i < N; i++)
        if (&r->bulk[i] != f)
            loop_io_del(r->l, &r->bulk[i].io);
}

static void on_other(struct io *io, unsigned what)
{
    struct file *f = CONTAINER_OF(io, struct file, io);
    char c;
    (void)what;
    assert_int_equal(read(io->fd, &c, 1), 1);
    f->calls++;
    f->r->bulk_before_other = f->r->bulk_calls;
}

static void file_open(struct rig *r, struct file *f, void (*ready)(struct io *io, unsigned what))
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    *f = (struct file){.io = {.fd = fd[0], .ready = ready}, .r = r, .wfd = fd[1]};
    assert_int_equal(loop_io_add(r->l, &f->io, IO_READ), 0);
}

static void file_close(struct rig *r, struct file *f)
{
    loop_io_del(r->l, &f->io);
    close(f->io.fd);
    close(f->wfd);
}

static void on_stop(struct timer *t)
{
    loop_stop(*(struct loop **)(t + 1));
}

static void run_for(struct rig *r, int64_t ns)
{
    struct {
        struct timer t;
        struct loop *l;
    } s = {{.fire = on_stop}, r->l};
    loop_timer_set(r->l, &s.t, clock_mono() + ns);
    loop_run(r->l);
}

static void rig_open(struct rig *r, bool bulk)
{
    memset(r, 0, sizeof *r);
    r->l = loop_new(NULL, NULL);
    file_open(r, &r->other, on_other);
    for (int i = 0; i < N; i++) {
        file_open(r, &r->bulk[i], on_bulk);
        assert_int_equal(loop_io_bulk(r->l, &r->bulk[i].io, bulk), 0);
        assert_int_equal(write(r->bulk[i].wfd, "x", 1), 1);
    }
}

static void rig_close(struct rig *r)
{
    for (int i = 0; i < N; i++)
        file_close(r, &r->bulk[i]);
    file_close(r, &r->other);
    loop_free(&r->l);
}

/* What becomes ready while many bulk files are being given comes after a slice of them, and all get their turn. */
static void others_do_not_wait_for_bulk(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, true);
    run_for(&r, 20 * NS_PER_MS);
    assert_int_equal(r.other.calls, 1);
    assert_true(r.bulk_before_other <= LOOP_BULK_SLICE);
    for (int i = 0; i < N; i++)
        assert_int_equal(r.bulk[i].calls, 1);
    rig_close(&r);
    rig_open(&r, false); /* else it does: so the test can tell */
    run_for(&r, 20 * NS_PER_MS);
    assert_int_equal(r.bulk_before_other, N);
    rig_close(&r);
}

/* Files that always have more do not keep others of their class from their turn. */
static void all_bulk_files_take_turns(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, true);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 100; k++)
            assert_int_equal(write(r.bulk[i].wfd, "x", 1), 1);
    int least = 1000, most = 0;
    for (int turns = 0; turns < 100000 && r.bulk_calls < 20 * N; turns++)
        run_for(&r, 0);
    for (int i = 0; i < N; i++) {
        least = MIN(least, r.bulk[i].calls);
        most = MAX(most, r.bulk[i].calls);
    }
    assert_true(least >= 15 && most <= 30);
    rig_close(&r);
}

static void events_of_deleted_bulk_files_are_dropped(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, true);
    r.kill = true;
    run_for(&r, 20 * NS_PER_MS);
    assert_int_equal(r.bulk_calls, 1);
    rig_close(&r);
}

static void a_watched_file_changes_its_class(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, true);
    struct file *f = &r.bulk[0];
    run_for(&r, 20 * NS_PER_MS);
    for (int i = 1; i <= 6; i++) {
        assert_int_equal(loop_io_bulk(r.l, &f->io, i % 2 == 0), 0);
        assert_int_equal(loop_io_set(r.l, &f->io, 0), 0);
        assert_int_equal(write(f->wfd, "x", 1), 1);
        run_for(&r, 2 * NS_PER_MS);
        assert_int_equal(f->calls, i); /* nobody asked */
        assert_int_equal(loop_io_bulk(r.l, &f->io, i % 3 == 0), 0);
        assert_int_equal(loop_io_set(r.l, &f->io, IO_READ), 0);
        run_for(&r, 2 * NS_PER_MS);
        assert_int_equal(f->calls, i + 1);
    }
    close(f->wfd);
    f->wfd = dup(0);
    run_for(&r, 2 * NS_PER_MS);
    assert_true(f->what & IO_HANGUP);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_do_not_wait_for_bulk),
        cmocka_unit_test(all_bulk_files_take_turns),
        cmocka_unit_test(events_of_deleted_bulk_files_are_dropped),
        cmocka_unit_test(a_watched_file_changes_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
