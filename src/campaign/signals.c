#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

static sigset_t ours(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

int signals_open(void)
{
    sigset_t set = ours();
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* workers are started later and inherit it */
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
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
    if (fd < 0)
        return;
    close(fd);
    sigset_t set = ours();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
