/// The compiled XDP program, as hexadecimal digits that the build plugin writes.
enum ProgramObject {
  /// Hands the object's bytes, aligned to 8 as libelf wants them, to `body`.
  static func withBytes<R, E: Error>(
    of digits: StaticString = proxy, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: digits.utf8CodeUnitCount / 2, alignment: 8)
    defer { bytes.deallocate() }
    for index in bytes.indices {
      bytes[index] = value(digits.utf8Start[2 * index]) << 4 | value(digits.utf8Start[2 * index + 1])
    }
    return try body(UnsafeRawBufferPointer(bytes))
  }

  private static func value(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }
}
