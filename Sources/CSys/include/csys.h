// What glibc has for sockets and Swift's Glibc module does not show: calls behind _GNU_SOURCE, and macros over control messages.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/// Bytes of a control buffer that holds the local address of one datagram of either family.
#define CSYS_LOCAL_ADDRESS_SPACE 64

/// The local address that a datagram came to (IP_PKTINFO, IPV6_PKTINFO): 16 bytes, IPv4 in its v4-mapped form.
/// False where the control data does not say.
static inline bool csys_local_address(struct msghdr *message, uint8_t address[16], uint32_t *interface) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memset(address, 0, 10);
      memset(address + 10, 0xff, 2);
      memcpy(address + 12, &info.ipi_spec_dst, 4);
      *interface = (uint32_t)info.ipi_ifindex;
      return true;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(address, &info.ipi6_addr, 16);
      *interface = info.ipi6_ifindex;
      return true;
    }
  }
  return false;
}

/// Writes control data that sends a datagram from a local address; the bytes used, at most CSYS_LOCAL_ADDRESS_SPACE.
/// `interface` is 0 for "as routed".
static inline size_t csys_put_local_address(void *control, bool v4, const uint8_t address[16], uint32_t interface) {
  struct cmsghdr *c = (struct cmsghdr *)control;
  if (v4) {
    struct in_pktinfo info = {.ipi_ifindex = (int)interface};
    memcpy(&info.ipi_spec_dst, address + 12, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  struct in6_pktinfo info = {.ipi6_ifindex = interface};
  memcpy(&info.ipi6_addr, address, 16);
  c->cmsg_level = IPPROTO_IPV6;
  c->cmsg_type = IPV6_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(c), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

/// How many datagrams the socket had no room for since it was opened (SO_MEMINFO, Linux 4.12). 0 where that is not known.
uint32_t csys_socket_drops(int descriptor);

/// Starts a thread with all signals blocked, so that they go to the threads that wait for them. 0, or an error number.
/// `thread` is a pthread_t.
int csys_thread_start(unsigned long *thread, const char *name, void *(*body)(void *), void *argument);
