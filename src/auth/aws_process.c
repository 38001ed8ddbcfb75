/* credential_process: a program that prints credentials. No shell reads the line: it is split into words as a shell
 * does, and nothing in it is expanded. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/aws_private.h"

extern char **environ;

enum { OUTPUT_MAX = 64 << 10, STEP_MS = 20 };
static const int64_t LIMIT = 60 * NS_PER_S;

/* stdin is empty; stderr is ours, so that the program can say what it wants. Signals are as a program expects them. It
 * leads a group of its own, so that those whom it starts can be ended with it. */
static int start(char **words, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawnp(pid, words[0], &files, &attr, words, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

/* What it prints until it closes its output, or the deadline. 0, -1: too late, -2: too much. */
static int collect(int fd, struct buf *text, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_mono();
        char piece[4096];
        if (left <= 0)
            return -1;
        int n = poll(&p, 1, (int)MIN(left / NS_PER_MS + 1, 1000));
        if (n <= 0)
            continue;
        ssize_t k = read(fd, piece, sizeof piece);
        if (k == 0)
            return 0;
        if (k < 0 && errno != EINTR)
            return 0;
        int full = k > 0 ? buf_add(text, piece, (size_t)k) : 0;
        explicit_bzero(piece, sizeof piece);
        if (full != 0)
            return -2;
    }
}

/* It may close its output and go on: the deadline holds for that too. -1: it was killed. */
static int reap(pid_t pid, int64_t deadline, bool at_once, int *status)
{
    bool killed = false;
    for (;;) {
        pid_t done = waitpid(pid, status, killed ? 0 : WNOHANG);
        if (done == pid)
            return killed ? -1 : 0;
        if (done < 0 && errno != EINTR)
            return -1;
        if (!killed && (at_once || clock_mono() >= deadline)) {
            kill(-pid, SIGKILL);
            killed = true;
        } else if (!killed) {
            poll(NULL, 0, STEP_MS);
        }
    }
}

static int run(char **words, int64_t limit, struct buf *text, struct err *e)
{
    int64_t deadline = clock_mono() + limit;
    int fds[2], status = 0;
    char took[32];
    pid_t pid;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_sys(e, ERR_LIMIT, errno, "its credential_process: no pipe");
    int rc = start(words, fds[1], &pid);
    close(fds[1]);
    if (rc != 0) {
        close(fds[0]);
        return err_sys(e, ERR_IO, rc, "its credential_process %.200s cannot be started", words[0]);
    }
    int got = collect(fds[0], text, deadline);
    close(fds[0]);
    int end = reap(pid, deadline, got != 0, &status);
    if (got == -2)
        return err_set(e, ERR_LIMIT, "its credential_process %.200s prints more than 64 KiB", words[0]);
    if (got != 0 || end != 0)
        return err_set(e, ERR_IO, "its credential_process %.200s did not end within %s", words[0],
                       fmt_duration(took, limit));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        return err_set(e, ERR_IO, "its credential_process %.200s was ended by signal %d", words[0], WTERMSIG(status));
    return err_set(e, ERR_IO, "its credential_process %.200s failed with exit code %d; run it to see why", words[0],
                   WEXITSTATUS(status));
}

static int take(struct str text, const char *program, struct aws_creds *out, struct err *e)
{
    struct jdoc *d = jdoc_parse(text, "output", NULL);
    if (!d || !jn_is_obj(jdoc_root(d))) {
        jdoc_free(&d);
        return err_set(e, ERR_DATA, "its credential_process %.200s prints no JSON object", program);
    }
    int rc;
    if (jn_i64(jn_get(jdoc_root(d), "Version"), 0) != 1)
        rc = err_set(e, ERR_DATA, "its credential_process %.200s does not print \"Version\": 1", program);
    else if ((rc = aws_take_json(out, jdoc_root(d), "SessionToken", e)) != 0)
        err_prefix(e, "its credential_process %.200s: ", program);
    jdoc_free(&d);
    return rc;
}

int aws_from_process(const char *command, struct aws_creds *out, struct err *e)
{
    return aws_from_process_within(command, LIMIT, out, e);
}

int aws_from_process_within(const char *command, int64_t limit, struct aws_creds *out, struct err *e)
{
    size_t n = 0;
    char **words = aws_words(str_of(command), &n);
    if (!words)
        return err_set(e, ERR_DATA, "its credential_process has a quote that is not closed");
    if (n == 0) {
        free(words);
        return err_set(e, ERR_DATA, "its credential_process is empty");
    }
    struct buf text = BUF_INIT(OUTPUT_MAX);
    int rc = run(words, limit, &text, e);
    if (rc == 0)
        rc = take(buf_str(&text), words[0], out, e);
    if (text.p)
        explicit_bzero(text.p, text.cap);
    buf_free(&text);
    free(words);
    return rc == 0 ? 1 : -1;
}
