/* simproc.c - a run without a URL measures weir's own simulator, in a process of its own. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

#define START_MS 10000
#define STOP_MS 10000 /* a truth file may still be written */

static void ATTR_NORETURN child(int out, pid_t parent, const struct sim_opts *o)
{
    static const char *const first[] = {"weir", "sim", "--listen", "127.0.0.1:0", "--quiet"};
    const char *args[ARRAY_LEN(first) + SIM_ARGS_MAX + 1] = {0};
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the run */
    if (getppid() != parent)          /* which ended before that was said */
        _exit(127);
    setpgid(0, 0); /* Ctrl-C is for the run, which still drains */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (o->cores)
        sched_setaffinity(0, sizeof *o->cores, o->cores); /* where it is refused, it runs anywhere */
    memcpy(args, first, sizeof first);
    for (size_t i = 0; o->args && i < SIM_ARGS_MAX && o->args[i]; i++)
        args[ARRAY_LEN(first) + i] = o->args[i];
    dup2(out, STDOUT_FILENO);
    execv("/proc/self/exe", (char *const *)(uintptr_t)args);
    _exit(127);
}

/* The first line: "weir sim listening on http://127.0.0.1:PORT". */
static int read_url(int fd, char *url, size_t cap)
{
    char line[256];
    size_t n = 0;
    while (n + 1 < sizeof line) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, START_MS) <= 0)
            return -1;
        ssize_t k = read(fd, line + n, 1);
        if (k <= 0)
            return -1;
        if (line[n] == '\n')
            break;
        n++;
    }
    line[n] = 0;
    const char *at = strstr(line, "http");
    if (!at)
        return -1;
    snprintf(url, cap, "%s", at);
    return 0;
}

int simproc_start(struct sim_child *c, const struct sim_opts *o, struct err *e)
{
    int fds[2];
    if (pipe(fds) != 0)
        return err_sys(e, ERR_LIMIT, errno, "cannot start the simulator");
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return err_sys(e, ERR_LIMIT, errno, "cannot start the simulator");
    }
    if (pid == 0) {
        close(fds[0]);
        child(fds[1], parent, o);
    }
    close(fds[1]);
    c->pid = pid;
    int rc = read_url(fds[0], c->url, sizeof c->url);
    close(fds[0]);
    if (rc < 0) {
        simproc_stop(c);
        return err_set(e, ERR_INTERNAL, "the built-in simulator did not start within %d s", START_MS / 1000);
    }
    return 0;
}

void simproc_stop(struct sim_child *c)
{
    if (c->pid <= 0)
        return;
    kill(c->pid, SIGTERM);
    for (int i = 0; i < STOP_MS / 10; i++) {
        if (waitpid(c->pid, NULL, WNOHANG) != 0) {
            c->pid = 0;
            return;
        }
        usleep(10000);
    }
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    c->pid = 0;
}
