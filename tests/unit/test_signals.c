#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

static void handler_now(int sig, void (**out)(int))
{
    struct sigaction a;
    assert_int_equal(sigaction(sig, NULL, &a), 0);
    *out = a.sa_handler;
}

static void signals_become_readable(void **state)
{
    (void)state;
    int fd = signals_open();
    assert_true(fd >= 0);
    assert_int_equal(signals_pending(fd), 0);
    kill(getpid(), SIGINT);
    assert_int_equal(signals_pending(fd), 1);
    assert_int_equal(signals_pending(fd), 0);
    kill(getpid(), SIGINT);
    kill(getpid(), SIGTERM);
    assert_int_equal(signals_pending(fd), 2);
    kill(getpid(), SIGTERM); /* not asked for any more: dropped, not delivered */
    signals_close(fd);
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_false(sigismember(&now, SIGINT) || sigismember(&now, SIGTERM));
    assert_int_equal(signals_pending(-1), 0);
    signals_close(-1);
}

static void early_ones_end_the_program(void **state)
{
    (void)state;
    static const int sigs[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
        int status;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            signals_early();
            close(STDERR_FILENO);
            raise(sigs[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 130);
    }
}

static void what_was_before_comes_back(void **state)
{
    (void)state;
    void (*h)(int);
    signals_early();
    handler_now(SIGINT, &h);
    assert_true(h != SIG_DFL && h != SIG_IGN);
    signals_close(-1);
    handler_now(SIGINT, &h);
    assert_true(h == SIG_DFL);
    signal(SIGINT, SIG_IGN); /* nohup and the like */
    signals_early();
    handler_now(SIGINT, &h);
    assert_true(h == SIG_IGN);
    signals_close(-1);
    handler_now(SIGINT, &h);
    assert_true(h == SIG_IGN);
    signal(SIGINT, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_become_readable),
        cmocka_unit_test(early_ones_end_the_program),
        cmocka_unit_test(what_was_before_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
