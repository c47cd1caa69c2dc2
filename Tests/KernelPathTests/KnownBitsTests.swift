import Testing

@testable import FilterTesting
@testable import KernelPath

/// Numbers of which some bits are known, against the arithmetic of numbers that they can be.
@Suite struct KnownBitsTests {
  private struct Example {
    let number: UInt64
    let known: KnownBits

    init(using random: inout some RandomNumberGenerator) {
      // Numbers of all lengths, and masks with many bits and with few.
      number = random.next() >> UInt64.random(in: 0..<64, using: &random)
      let mask =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: UInt64.max
        case 1: random.next() & random.next()
        case 2: random.next() | random.next()
        case 3: ~(UInt64.max >> UInt64(number.leadingZeroBitCount))
        default: random.next()
        }
      known = KnownBits(mask: mask, bits: number & mask)
    }
  }

  private static func holds(_ known: KnownBits, _ number: UInt64) -> Bool {
    number & known.mask == known.bits && known.smallest <= number && number <= known.largest
      && number.leadingZeroBitCount >= 64 - known.width
  }

  @Test func resultsHoldWhatTheMachineComputes() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let (left, right) = (Example(using: &random), Example(using: &random))
      let code = Opcode.arithmetic32 | UInt8.random(in: 0...12, using: &random) << 4
      for code in [code, code & ~Opcode.classMask | Opcode.arithmetic64] {
        guard let number = ConstantArithmetic.result(code, left.number, right.number) else { continue }
        let isWide = code & Opcode.classMask == Opcode.arithmetic64
        let known = KnownBits.result(code & Opcode.operationMask, left.known, right.known, isWide: isWide)
        #expect(Self.holds(known, number), "\(code): \(left), \(right)")
      }
      for width in [16, 32, 64] {
        let number = left.number
        let lower = (number << UInt64(64 - width)) >> UInt64(64 - width)
        #expect(Self.holds(left.known.inByteOrder(isBig: false, width: width), lower))
        #expect(
          Self.holds(left.known.inByteOrder(isBig: true, width: width), lower.byteSwapped >> UInt64(64 - width)))
      }
      #expect(Self.holds(left.known.joined(with: right.known), left.number))
    }
  }

  @Test func jumpsGoAsTheMachineDoes() {
    var random = SeededGenerator(seed: 12)
    var decided = 0
    for _ in 0..<20_000 {
      let left = Example(using: &random)
      let right = Bool.random(using: &random) ? random.next() : left.number &+ UInt64.random(in: 0...2, using: &random)
      for operation in UInt8(1)...13 where operation != 8 && operation != 9 {
        for jumpClass in [Opcode.jump, Opcode.jump32] {
          guard let isTaken = KnownBits.isTaken(operation << 4 | jumpClass, left.known, right) else { continue }
          decided += 1
          #expect(isTaken == ConstantArithmetic.isTaken(operation << 4 | jumpClass, left.number, right))
        }
      }
    }
    #expect(decided > 20_000)
  }
}
