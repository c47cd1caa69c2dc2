/// A configured value, laid out so that comparing a packet's value with it touches no reference counts.
public final class ComparableConstant: Sendable {
  let kind: MetadataKind
  /// The number, or 0 and 1 for a bool.
  let number: UInt64
  /// The UTF-8 of a string. Belongs to this object.
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  let items: [ComparableConstant]

  public init(_ constant: MetadataConstant) {
    switch constant {
    case .bool(let value): (kind, number, bytes, items) = (.bool, value ? 1 : 0, Self.copy([]), [])
    case .number(let value): (kind, number, bytes, items) = (.number, value, Self.copy([]), [])
    case .string(let text): (kind, number, bytes, items) = (.string, 0, Self.copy(Array(text.utf8)), [])
    case .list(let values):
      (kind, number, bytes, items) = (.list, 0, Self.copy([]), values.map(ComparableConstant.init))
    }
  }

  deinit { bytes.deallocate() }

  private static func copy(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    memory.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(memory)
  }
}
