/// BPF instructions as the kernel reads them, for programs of tests. Registers by their numbers.
enum Assembly {
  static func instruction(
    _ code: UInt8, _ destination: UInt8 = 0, _ source: UInt8 = 0, offset: Int16 = 0, _ immediate: Int32 = 0
  ) -> UInt64 {
    UInt64(code) | UInt64(destination) << 8 | UInt64(source) << 12 | UInt64(UInt16(bitPattern: offset)) << 16
      | UInt64(UInt32(bitPattern: immediate)) << 32
  }

  static let exit = [instruction(0x95)]
  static func set(_ register: UInt8, _ value: Int32) -> [UInt64] { [instruction(0xb7, register, 0, value)] }
  static func copy(_ register: UInt8, from source: UInt8) -> [UInt64] { [instruction(0xbf, register, source)] }
  static func add(_ register: UInt8, _ value: Int32) -> [UInt64] { [instruction(0x07, register, 0, value)] }
  static func load(_ register: UInt8, _ base: UInt8, _ offset: Int16, size: UInt8 = 0x18) -> [UInt64] {
    [instruction(0x61 | size, register, base, offset: offset)]
  }
  static func store(_ base: UInt8, _ offset: Int16, _ source: UInt8, size: UInt8 = 0x18) -> [UInt64] {
    [instruction(0x63 | size, base, source, offset: offset)]
  }
  /// The address of the image, whose descriptor is 7.
  static func image(_ register: UInt8, _ offset: Int32) -> [UInt64] {
    [instruction(0x18, register, 2, 7), instruction(0, 0, 0, offset)]
  }
  static func jump(ifEqual register: UInt8, _ value: Int32, over count: Int16) -> [UInt64] {
    [instruction(0x15, register, offset: count, value)]
  }
  static func jump(over count: Int16) -> [UInt64] { [instruction(0x05, offset: count)] }
}
