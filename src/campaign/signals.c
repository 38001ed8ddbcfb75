#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

static const int SIGNALS[] = {SIGINT, SIGTERM};

static sigset_t ours(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(SIGNALS); i++)
        sigaddset(&set, SIGNALS[i]);
    return set;
}

static void leave(int signal)
{
    static const char text[] = "\nweir run: interrupted\n";
    (void)signal;
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(130);
}

/* One that is ignored (nohup, a shell's background) stays so. */
static void replace(void (*from)(int), void (*to)(int))
{
    struct sigaction now, then = {.sa_handler = to};
    sigemptyset(&then.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(SIGNALS); i++) {
        if (sigaction(SIGNALS[i], NULL, &now) == 0 && now.sa_handler == from)
            sigaction(SIGNALS[i], &then, NULL);
    }
}

void signals_early(void)
{
    replace(SIG_DFL, leave);
}

int signals_open(void)
{
    sigset_t set = ours();
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* workers are started later and inherit it */
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) /* then they end the program */
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return fd;
}

unsigned signals_pending(int fd)
{
    struct signalfd_siginfo info;
    unsigned n = 0;
    while (fd >= 0 && read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        n++;
    return n;
}

void signals_close(int fd)
{
    if (fd >= 0) {
        signals_pending(fd);
        close(fd);
        sigset_t set = ours();
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    replace(leave, SIG_DFL);
}
