import CSys
import FilterKit
import Glibc

/// The message headers, addresses and control data that one call that receives or sends works on.
struct MessageRing: ~Copyable {
  let headers: UnsafeMutablePointer<csys_message>
  let capacity: Int
  private let vectors: UnsafeMutablePointer<iovec>
  private let names: UnsafeMutableRawPointer
  private let control: UnsafeMutableRawPointer
  private static let nameStride = 32
  private static let controlSize = Int(CSYS_LOCAL_ADDRESS_SPACE)

  init(capacity: Int) {
    self.capacity = capacity
    headers = .allocate(capacity: capacity)
    vectors = .allocate(capacity: capacity)
    names = .allocate(byteCount: Self.nameStride * capacity, alignment: 8)
    control = .allocate(byteCount: Self.controlSize * capacity, alignment: 8)
    control.initializeMemory(as: UInt8.self, repeating: 0, count: Self.controlSize * capacity)
    for index in 0..<capacity {
      (vectors + index).initialize(to: iovec())
      var header = csys_message()
      header.header.msg_iov = vectors + index
      header.header.msg_iovlen = 1
      header.header.msg_name = names + index * Self.nameStride
      header.header.msg_control = control + index * Self.controlSize
      (headers + index).initialize(to: header)
    }
  }

  deinit {
    headers.deallocate()
    vectors.deallocate()
    names.deallocate()
    control.deallocate()
  }

  // MARK: Receiving

  /// Makes all messages ready to be received into the buffers of `batch`.
  func aim(at batch: borrowing PacketBatch) {
    for index in 0..<capacity {
      let buffer = batch.receiveBuffer(index)
      vectors[index].iov_base = buffer.baseAddress
      vectors[index].iov_len = buffer.count
      rearm(index)
    }
  }

  /// Makes a message that was received ready to be received again: the kernel wrote over the room it had.
  @inline(__always) func rearm(_ index: Int) {
    headers[index].header.msg_namelen = socklen_t(Self.nameStride)
    headers[index].header.msg_controllen = Self.controlSize
  }

  /// Where message `index` came from.
  @inline(__always) func source(_ index: Int) -> SocketAddress? { KernelAddress.read(names + index * Self.nameStride) }

  /// The bytes that message `index` was received or sent with.
  @inline(__always) func size(_ index: Int) -> Int { Int(headers[index].size) }

  /// The local address that received message `index` came to, where the socket was asked to say it.
  @inline(__always) func local(_ index: Int) -> LocalAddress? {
    var bytes: (UInt64, UInt64) = (0, 0)
    var interface: UInt32 = 0
    return withUnsafeMutableBytes(of: &bytes) { bytes in
      let start = bytes.baseAddress!
      let known = csys_local_address(
        &headers[index].header, start.assumingMemoryBound(to: UInt8.self), &interface)
      return known ? LocalAddress(ip: KernelAddress.ipv6(start), interface: interface) : nil
    }
  }

  // MARK: Sending

  /// Puts a message in place `index`. Its payload must stay where it is until it was sent.
  @inline(__always) func put(
    _ index: Int, payload: UnsafeMutableRawBufferPointer, to address: SocketAddress, from local: LocalAddress?
  ) {
    vectors[index].iov_base = payload.baseAddress
    vectors[index].iov_len = payload.count
    headers[index].header.msg_namelen = KernelAddress.write(address, to: names + index * Self.nameStride)
    guard let local else {
      headers[index].header.msg_controllen = 0
      return
    }
    var bytes: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &bytes) { bytes in
      let start = bytes.baseAddress!
      KernelAddress.write(local.ip, to: start)
      headers[index].header.msg_controllen = csys_put_local_address(
        control + index * Self.controlSize, local.ip.isV4, start.assumingMemoryBound(to: UInt8.self),
        // An interface is named only where the address means nothing without it; else the routes decide.
        local.ip.isLinkLocal ? local.interface : 0)
    }
  }
}

/// An address of this machine that a datagram came to.
struct LocalAddress: Equatable {
  var ip: IPAddress
  var interface: UInt32
}
