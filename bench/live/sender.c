/*
 * Sends frames through a packet socket as fast as it can, or so many per second, until it is killed or its parent is gone.
 *
 *     sender INTERFACE FILE [MESSAGES_PER_SECOND]
 *
 * The file has messages one after the other, each behind its length (u32, little-endian): a virtio_net_hdr and a frame, which may be
 * a super-segment that the kernel cuts. They are sent in turn.
 */

#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_MESSAGES 4096
#define BATCH 64
/* With a rate: few at once, so that they come evenly. */
#define SMALL_BATCH 8

static struct mmsghdr messages[MOST_MESSAGES];
static struct iovec vectors[MOST_MESSAGES];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static unsigned load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    unsigned count = 0;
    uint32_t length;
    while (count < MOST_MESSAGES && fread(&length, sizeof length, 1, file) == 1) {
        void *message = malloc(length);
        if (!message || fread(message, 1, length, file) != length) fail(path);
        vectors[count] = (struct iovec){ .iov_base = message, .iov_len = length };
        messages[count].msg_hdr = (struct msghdr){ .msg_iov = &vectors[count], .msg_iovlen = 1 };
        count++;
    }
    fclose(file);
    return count;
}

static int openSocket(const char *name) {
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0) fail("socket");
    int one = 1;
    /* Not with PACKET_QDISC_BYPASS, which drops what has to be cut. */
    if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0) fail("PACKET_VNET_HDR");
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
    if (address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail(name);
    return fd;
}

/* Waits until `sent` frames are due. */
static void waitFor(uint64_t sent, double rate, const struct timespec *begun) {
    double due = (double)sent / rate + (double)begun->tv_nsec / 1e9;
    struct timespec then = { .tv_sec = begun->tv_sec + (time_t)due };
    then.tv_nsec = (long)((due - (double)(time_t)due) * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    unsigned total = load(arguments[2]);
    if (total == 0) return 1;
    int fd = openSocket(arguments[1]);
    double rate = count > 3 ? atof(arguments[3]) : 0;
    unsigned batch = rate > 0 ? SMALL_BATCH : BATCH;
    struct timespec begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    unsigned next = 0;
    for (uint64_t sent = 0;;) {
        unsigned some = total - next < batch ? total - next : batch;
        int done = sendmmsg(fd, messages + next, some, MSG_DONTWAIT);
        /* What the interface does not take is lost, as on any wire. */
        unsigned passed = done > 0 ? (unsigned)done : 1;
        next = (next + passed) % total;
        sent += passed;
        if (rate > 0) waitFor(sent, rate, &begun);
    }
}
