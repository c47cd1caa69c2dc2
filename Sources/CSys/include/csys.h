// What glibc has for sockets and Swift's Glibc module does not show. The calls behind _GNU_SOURCE are wrapped and not included:
// with that macro glibc's headers define types otherwise than in Swift's own module, and a program cannot have both.
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

/// One message of a batch: struct mmsghdr of glibc, which only _GNU_SOURCE shows.
struct csys_message {
  struct msghdr header;
  unsigned int size;
};

/// recvmmsg(2) and sendmmsg(2), never waiting. The number of messages, or -1 with errno.
int csys_receive(int descriptor, struct csys_message *messages, unsigned int count);
int csys_send(int descriptor, struct csys_message *messages, unsigned int count);

/// Bytes of a control buffer that holds the local address of one datagram of either family.
#define CSYS_LOCAL_ADDRESS_SPACE 64

/// The local address that a datagram came to (IP_PKTINFO, IPV6_PKTINFO): 16 bytes, IPv4 in its v4-mapped form.
/// False where the control data does not say.
bool csys_local_address(struct msghdr *message, uint8_t address[16], uint32_t *interface);

/// Writes control data that sends a datagram from a local address; the bytes used, at most CSYS_LOCAL_ADDRESS_SPACE.
/// `interface` is 0 for "as routed".
size_t csys_put_local_address(void *control, bool v4, const uint8_t address[16], uint32_t interface);

/// Lets a socket take nothing (a filter that takes no byte of any datagram) until it is opened. -1 with errno.
int csys_shut(int descriptor);
void csys_open(int descriptor);

/// How many datagrams the socket had no room for since it was opened (SO_MEMINFO, Linux 4.12). 0 where that is not known.
uint32_t csys_socket_drops(int descriptor);

/// Starts a thread with all signals blocked but those of a crash, so that they go to the threads that wait for them. 0, or an error
/// number. `thread` is a pthread_t.
int csys_thread_start(unsigned long *thread, const char *name, void *(*body)(void *), void *argument);

/// The variables of the process's environment, `NAME=value` each, ended by null.
char **csys_environment(void);

/// The name of an interface's driver (ETHTOOL_GDRVINFO), at most 31 characters; false where it does not say. Asked of the network
/// namespace of the caller, which /sys need not show.
bool csys_driver(const char *interface, char name[32]);

/// Returns when whatever the kernel did on any processor without sleeping, when this was called, is over: programs of packets among
/// them (membarrier(2), Linux 4.3). -1 with errno where the kernel has no such call.
int csys_await_kernel(void);

/// A number of the caller's network namespace that no other has until the next boot (SO_NETNS_COOKIE, Linux 5.14); before that, the
/// number of its file, which may be given again.
uint64_t csys_network_namespace(void);

/// Whether a path lies in a BPF file system.
bool csys_is_bpf_file_system(const char *path);

/// Mounts a BPF file system. -1 with errno.
int csys_mount_bpf_file_system(const char *path);

/// A socket to the kernel's routing tables (NETLINK_ROUTE), or -1 with errno.
int csys_routing_socket(void);

/// A socket that is readable when an interface, an address or a route of this network namespace has changed (rtnetlink(7)), or -1 with
/// errno.
int csys_route_events(void);

/// Takes what such a socket has to say. False where it was nothing.
bool csys_skip_events(int descriptor);

/// Asks the kernel to act as if it had a packet for a neighbour: one that may be gone is asked for, one that is not known is looked
/// for (RTM_NEWNEIGH with NTF_USE). Never waits; what the kernel has to say is thrown away. -1 with errno.
int csys_use_neighbour(int routing, uint32_t interface, bool v4, const uint8_t address[16]);
