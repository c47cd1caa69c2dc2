import CLZ4
import CSnappy
import FilterKit

/// A compression of whole payloads. Both functions write to `target` and give the size, or nil where it cannot be done.
protocol Codec {
  static func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int?
  static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int?
}

/// Snappy's raw block format: the original size comes first, as a varint.
enum Snappy: Codec {
  static func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    var size = target.count
    guard snappy_compress(source.chars, source.count, target.chars, &size) == SNAPPY_OK else { return nil }
    return size
  }

  static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    var size = 0
    guard snappy_uncompressed_length(source.chars, source.count, &size) == SNAPPY_OK,
      size <= min(target.count, PacketBatch.maximumPayload),
      snappy_uncompress(source.chars, source.count, target.chars, &size) == SNAPPY_OK
    else { return nil }
    return size
  }
}

/// An LZ4 block behind its original size, which is a little-endian base-128 varint of up to three bytes.
enum LZ4: Codec {
  static func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    let prefix = writeSize(source.count, to: target)
    let block = UnsafeMutableRawBufferPointer(rebasing: target[prefix...])
    let size = LZ4_compress_default(source.chars, block.chars, Int32(source.count), Int32(block.count))
    return size > 0 ? prefix + Int(size) : nil
  }

  static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    guard let (size, prefix) = readSize(source), size <= min(target.count, PacketBatch.maximumPayload) else {
      return nil
    }
    let block = UnsafeRawBufferPointer(rebasing: source[prefix...])
    let written = LZ4_decompress_safe(block.chars, target.chars, Int32(block.count), Int32(size))
    return Int(written) == size ? size : nil
  }

  /// Writes a size below 2^21; gives how many bytes that took.
  private static func writeSize(_ size: Int, to target: UnsafeMutableRawBufferPointer) -> Int {
    var rest = size
    var count = 0
    while rest >= 0x80 {
      target[count] = UInt8(truncatingIfNeeded: rest | 0x80)
      rest >>= 7
      count += 1
    }
    target[count] = UInt8(truncatingIfNeeded: rest)
    return count + 1
  }

  private static func readSize(_ source: UnsafeRawBufferPointer) -> (size: Int, prefix: Int)? {
    var size = 0
    for (index, byte) in source.prefix(3).enumerated() {
      size |= Int(byte & 0x7f) << (7 * index)
      if byte & 0x80 == 0 { return (size, index + 1) }
    }
    return nil
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var chars: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate var chars: UnsafeMutablePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}
