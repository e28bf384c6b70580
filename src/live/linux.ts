/**
 * Constants of the kernel's interface, by their names there. Sizes and offsets of structures stand with who fills them. They are the
 * same on all 64-bit little-endian machines but for the numbers of system calls.
 */

// <sys/socket.h>, <linux/if_ether.h>
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const IPPROTO_GRE = 47;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const AF_XDP = 44;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const MSG_DONTWAIT = 0x40;
export const ETH_P_ALL = 0x0003;

// <linux/if_packet.h>
export const SOL_PACKET = 263;
export const PACKET_ADD_MEMBERSHIP = 1;
export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_COPY_THRESH = 7;
export const PACKET_AUXDATA = 8;
export const PACKET_VERSION = 10;
export const PACKET_RESERVE = 12;
export const PACKET_VNET_HDR = 15;
export const PACKET_FANOUT = 18;
export const PACKET_QDISC_BYPASS = 20;
export const PACKET_IGNORE_OUTGOING = 23;
export const PACKET_MR_PROMISC = 1;
export const PACKET_FANOUT_HASH = 0;
export const PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;
export const TPACKET_V2 = 1;

// <linux/if_xdp.h>
export const SOL_XDP = 283;
export const XDP_MMAP_OFFSETS = 1;
export const XDP_RX_RING = 2;
export const XDP_TX_RING = 3;
export const XDP_UMEM_REG = 4;
export const XDP_UMEM_FILL_RING = 5;
export const XDP_UMEM_COMPLETION_RING = 6;
export const XDP_STATISTICS = 7;
export const XDP_MAX_TX_SKB_BUDGET = 9;
export const XDP_PGOFF_RX_RING = 0;
export const XDP_PGOFF_TX_RING = 0x8000_0000;
export const XDP_PGOFF_FILL_RING = 0x1_0000_0000;
export const XDP_PGOFF_COMPLETION_RING = 0x1_8000_0000;
/** What the kernel leaves in front of a frame in a chunk of the UMEM: <linux/bpf.h>. */
export const XDP_PACKET_HEADROOM = 256;

// <linux/bpf.h>
export const BPF_MAP_CREATE = 0;
export const BPF_MAP_UPDATE_ELEM = 2;
export const BPF_MAP_DELETE_ELEM = 3;
export const BPF_PROG_LOAD = 5;
export const BPF_LINK_CREATE = 28;
export const BPF_MAP_TYPE_HASH = 1;
export const BPF_MAP_TYPE_XSKMAP = 17;
export const BPF_PROG_TYPE_SCHED_CLS = 3;
export const BPF_PROG_TYPE_XDP = 6;
export const BPF_XDP = 37;
export const BPF_TCX_INGRESS = 46;
export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const TCX_NEXT = -1;
export const TCX_DROP = 2;
/** <linux/if_link.h> */
export const XDP_FLAGS_SKB_MODE = 2;
export const XDP_FLAGS_DRV_MODE = 4;

// <sys/mman.h>
export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_POPULATE = 0x8000;

// <linux/if_tun.h>, <linux/sockios.h>, <linux/if.h>
export const TUNSETIFF = 0x4004_54ca;
export const TUNSETOFFLOAD = 0x4004_54d0;
export const TUNGETIFF = 0x8004_54d2;
export const TUNSETVNETHDRSZ = 0x4004_54d8;
export const IFF_TAP = 0x0002;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
export const IFF_TUN_EXCL = 0x8000;
export const TUN_F_CSUM = 1;
export const TUN_F_TSO4 = 2;
export const TUN_F_TSO6 = 4;
export const TUN_F_USO4 = 0x20;
export const TUN_F_USO6 = 0x40;
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const SIOCGIFMTU = 0x8921;
export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFINDEX = 0x8933;
export const SIOCETHTOOL = 0x8946;
export const IFF_UP = 1;
export const IFF_RUNNING = 0x40;
/** <linux/if_arp.h> */
export const ARPHRD_ETHER = 1;

/** <sched.h> */
export const CLONE_NEWNET = 0x4000_0000;
/** <sys/prctl.h> */
export const PR_SET_TIMERSLACK = 29;

// <poll.h>, <fcntl.h>, <sys/eventfd.h>
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const O_RDWR = 2;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const EFD_NONBLOCK = 0o4000;
export const EFD_CLOEXEC = 0o2000000;
