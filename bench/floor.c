/* floor.c - the physical floor of a streaming client: a bare epoll + recvmsg loop that reads the same bytes and does
 * nothing with them but count. `bench_floor PORT STREAMS TOKENS` opens STREAMS connections to a `weir sim`, asks each
 * for TOKENS tokens and reads to the end; prints reads, bytes and the process's own CPU time as JSON. Kernel stamps are
 * on, as in weir. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("connect");
    return fd;
}

static void ask(int fd, int tokens)
{
    char body[256], request[512];
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello "
                     "there\"}],\"max_tokens\":%d,\"stream\":true}",
                     tokens);
    int k = snprintf(request, sizeof request,
                     "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                     n, body);
    if (write(fd, request, (size_t)k) != k)
        die("write");
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int port = (int)strtol(argv[1], NULL, 10), streams = (int)strtol(argv[2], NULL, 10),
        tokens = (int)strtol(argv[3], NULL, 10);
    int ep = epoll_create1(EPOLL_CLOEXEC), open_now = streams;
    static char buf[65536];
    static union {
        char room[256];
        struct cmsghdr align;
    } control;
    unsigned long long reads = 0, bytes = 0;
    for (int i = 0; i < streams; i++) {
        struct epoll_event ev = {.events = EPOLLIN};
        ev.data.fd = connect_to(port);
        ask(ev.data.fd, tokens);
        epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
    }
    while (open_now > 0) {
        struct epoll_event ev[256];
        int n = epoll_wait(ep, ev, 256, 30000);
        if (n <= 0)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct iovec iov = {buf, sizeof buf};
            struct msghdr m = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
            ssize_t k = recvmsg(ev[i].data.fd, &m, MSG_DONTWAIT);
            if (k < 0 && errno == EAGAIN)
                continue;
            if (k <= 0) {
                close(ev[i].data.fd);
                open_now--;
                continue;
            }
            reads++;
            bytes += (unsigned long long)k;
        }
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu = (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
                 ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
    printf("{\"reads\":%llu,\"bytes\":%llu,\"cpu_s\":%.6f}\n", reads, bytes, cpu);
    return 0;
}
