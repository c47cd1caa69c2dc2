public import PacketKit

/// Owns bytes of the configuration that packet programs read.
public final class ConstantBuffer: Sendable {
  /// The bytes. Valid as long as this object lives.
  public let bytes: ConstantBytes

  public init(_ bytes: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
    memory.copyBytes(from: bytes)
    self.bytes = ConstantBytes(start: UnsafeRawPointer(memory.baseAddress!), count: UInt32(bytes.count))
  }

  deinit { bytes.start.deallocate() }
}
