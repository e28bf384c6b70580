/*
 * The least that a forwarder with packet sockets does: every frame of one interface leaves by the other with 42 bytes in front,
 * the length of an NVGRE envelope. It looks at nothing and drops nothing.
 *
 *     forwarder FROM TO
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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

#define BATCH 64
#define ENVELOPE 42
#define LONGEST 2048
#define SOCKET_BUFFER (4 << 20)

/* Every frame is received behind the room for its envelope, so that the only copies are the kernel's. */
static uint8_t buffers[BATCH][ENVELOPE + LONGEST] __attribute__((aligned(64)));
static struct mmsghdr received[BATCH], sent[BATCH];
static struct iovec behind[BATCH], whole[BATCH];

static const uint8_t envelope[ENVELOPE] = {
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00,                   /* Ethernet */
    0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, /* IPv4, GRE behind it */
    0x20, 0, 0x65, 0x58, 0, 0x13, 0x89, 0,                                  /* NVGRE, VSID 5001 */
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void set(int fd, int level, int option, int value, const char *what) {
    if (setsockopt(fd, level, option, &value, sizeof value) < 0) fail(what);
}

/* Without a protocol nothing is received. */
static int openSocket(const char *name, int protocol) {
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0) fail("socket");
    set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
    set(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER, "SO_RCVBUFFORCE");
    set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER, "SO_SNDBUFFORCE");
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol), .sll_ifindex = (int)if_nametoindex(name)
    };
    if (address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail(name);
    return fd;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int from = openSocket(arguments[1], ETH_P_ALL);
    int to = openSocket(arguments[2], 0);
    for (int index = 0; index < BATCH; index++) {
        memcpy(buffers[index], envelope, ENVELOPE);
        behind[index] = (struct iovec){ .iov_base = buffers[index] + ENVELOPE, .iov_len = LONGEST };
        whole[index].iov_base = buffers[index];
        received[index].msg_hdr = (struct msghdr){ .msg_iov = &behind[index], .msg_iovlen = 1 };
        sent[index].msg_hdr = (struct msghdr){ .msg_iov = &whole[index], .msg_iovlen = 1 };
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int frames = recvmmsg(from, received, BATCH, MSG_WAITFORONE, NULL);
        if (frames < 0) {
            if (errno == EINTR) continue;
            fail("recvmmsg");
        }
        for (int index = 0; index < frames; index++) {
            memcpy(buffers[index], envelope, ENVELOPE);
            whole[index].iov_len = ENVELOPE + received[index].msg_len;
        }
        for (int done = 0; done < frames;) {
            int some = sendmmsg(to, sent + done, (unsigned)(frames - done), 0);
            if (some > 0) done += some;
            else if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN) fail("sendmmsg");
        }
    }
}
