/// The kernel's program as the build compiled it, with the packet programs that are in it.
///
/// The plugin `CompilePacketPrograms` makes one for the target that it is applied to, as `ProgramObject.compiled`. It holds the
/// packet programs of that target and of all targets that it depends on, and those of the filters that come with the proxy.
public struct ProgramObject: Sendable {
  /// The packet programs in it, by the names of their types. The place of a name is part of what is compiled.
  public let names: [String]
  /// Why there is no object; nil where there is one. Without one the sockets run every chain.
  public let obstacle: String?
  /// The object file as hexadecimal digits, two for each byte: that compiles in no time at any size.
  private let digits: StaticString

  public init(digits: StaticString, names: [String]) {
    self.digits = digits
    self.names = names
    obstacle = nil
  }

  /// - Parameter obstacle: a phrase that goes behind "because".
  public init(obstacle: String) {
    digits = ""
    names = []
    self.obstacle = obstacle
  }

  /// That of a registry that was given none.
  public static let none = ProgramObject(obstacle: "its filters were registered without a compiled program")

  /// Hands the object file's bytes, aligned to 8 as libelf wants them, to `body`.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    let bytes = decoded()
    defer { bytes.deallocate() }
    return try body(UnsafeRawBufferPointer(bytes))
  }

  /// Millions of digits, in debug builds too: so this goes through no collection, and does the same with every digit.
  private func decoded() -> UnsafeMutableRawBufferPointer {
    let count = digits.utf8CodeUnitCount / 2
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    let (source, target) = (digits.utf8Start, bytes.bindMemory(to: UInt8.self).baseAddress!)
    var place = 0
    while place < count {
      let (high, low) = (source[2 &* place], source[2 &* place &+ 1])
      // The letters have bit 6, and count from 1 in their low bits.
      target[place] = ((high & 15) &+ (high &>> 6) &* 9) &<< 4 | ((low & 15) &+ (low &>> 6) &* 9)
      place &+= 1
    }
    return bytes
  }
}
