/// What is known of the machine at one place: ten registers, and the stack as words of eight bytes.
struct AbstractState {
  static let registerCount = 10
  /// The kernel's 512 and more: the generic program has values on the stack that what is left of it for one chain has not.
  /// `CompilePrograms` tells the compiler the same number.
  static let stackBytes = 768
  static let valueCount = registerCount + stackBytes / 8

  var values = [AbstractValue](repeating: .unknown, count: valueCount)

  subscript(register: UInt8) -> AbstractValue {
    get { register == 10 ? .stack(0) : values[Int(register)] }
    set { values[Int(register)] = newValue }
  }

  /// Where the word stands that an access touches, and the first byte in it; nil for what is not within one word of the stack.
  private static func place(_ offset: Int, _ count: Int) -> (value: Int, byte: Int)? {
    let from = stackBytes + offset
    guard from >= 0, from + count <= stackBytes, from & 7 + count <= 8 else { return nil }
    return (registerCount + from / 8, from & 7)
  }

  /// What a load gives.
  func loaded(at offset: Int, count: Int) -> AbstractValue {
    guard let (word, byte) = Self.place(offset, count) else { return .anything }
    if let bits = values[word].loading(at: byte, count: count) { return .constant(bits) }
    switch values[word].kind {
    case .constant: return .number(.number(ofWidth: 8 * count))
    // No more than the verifier knows.
    case .unknown where count == 8: return values[word]
    case .unknown: return .number(.number(ofWidth: min(8 * count, byte == 0 ? values[word].known.width : 64)))
    case .anything: return .anything
    case .stack, .image, .map: return count == 8 ? values[word] : .anything
    }
  }

  mutating func store(_ value: AbstractValue, at offset: Int, count: Int) {
    guard let (word, byte) = Self.place(offset, count) else {
      forgetStack()
      return
    }
    if count == 8 {
      values[word] = value
    } else {
      values[word] = values[word].storing(value.constant, at: byte, count: count)
    }
  }

  /// Bytes that something unknown was written to.
  mutating func forget(from offset: Int, count: Int) {
    let first = max(0, Self.stackBytes + offset)
    let end = min(Self.stackBytes, Self.stackBytes + offset + count)
    guard first < end else { return }
    for word in first / 8...(end - 1) / 8 { values[Self.registerCount + word] = .unknown }
  }

  mutating func forgetStack() {
    for word in Self.registerCount..<Self.valueCount { values[word] = .anything }
  }
}
