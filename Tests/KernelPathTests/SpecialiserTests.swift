import CDataPath
import FilterKit
import Testing

@testable import KernelPath

/// The passes on tiny programs, and on random ones that must do what they did before.
@Suite struct SpecialiserTests {
  static let image = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }

  static func specialise(_ words: [UInt64]) -> EncodedProgram? {
    let facts = ProgramSpecialiser.Facts(image: Self.image, imageDescriptor: 7, keySizes: [3: 8])
    return words.withUnsafeBufferPointer { ProgramSpecialiser.specialise($0, facts) }
  }

  @Test func loadsFromTheImageBecomeConstants() throws {
    let program = Assembly.image(2, 4) + Assembly.load(0, 2, 0, size: 0x10) + Assembly.exit
    #expect(try #require(Self.specialise(program)).words == Assembly.set(0, Int32(Self.image[4])) + Assembly.exit)
  }

  @Test func waysThatTheImageDoesNotGoDisappear() throws {
    let program =
      Assembly.image(2, 0) + Assembly.load(3, 2, 0, size: 0x10) + Assembly.set(0, 5)
      + Assembly.jump(ifEqual: 3, 1, over: 1) + Assembly.set(0, 6) + Assembly.exit
    #expect(try #require(Self.specialise(program)).words == Assembly.set(0, 5) + Assembly.exit)
  }

  @Test func whatOneWayKnowsIsNotLostWhereItMeetsAnother() throws {
    // r2 is 1 or 2 by the way, and asked for again behind both.
    let program =
      Assembly.load(3, 1, 0) + Assembly.set(2, 1) + Assembly.jump(ifEqual: 3, 0, over: 1) + Assembly.set(2, 2)
      + Assembly.set(0, 7) + Assembly.jump(ifEqual: 2, 1, over: 1) + Assembly.set(0, 8) + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(words.filter { $0 & 0xff == 0x15 || $0 & 0xff == 0x55 }.count == 1)
  }

  @Test func constantsOnTheStackNeedNoStack() throws {
    let program =
      Assembly.set(2, 0x0102_0304) + Assembly.store(10, -8, 2, size: 0) + Assembly.load(0, 10, -7, size: 0x10)
      + Assembly.exit
    #expect(try #require(Self.specialise(program)).words == Assembly.set(0, 3) + Assembly.exit)
  }

  @Test func keysOfLookUpsStayWhole() throws {
    // A key of eight bytes at -16, of map 3; the word at -8 is read by nobody.
    let program =
      Assembly.load(6, 1, 0) + Assembly.store(10, -16, 6) + Assembly.store(10, -8, 6) + Assembly.copy(2, from: 10)
      + Assembly.add(2, -16) + [Assembly.instruction(0x18, 1, 1, 3), 0, Assembly.instruction(0x85, 0, 0, 1)]
      + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(words.contains(Assembly.store(10, -16, 6)[0]))
    #expect(!words.contains(Assembly.store(10, -8, 6)[0]))
    #expect(words.contains(Assembly.instruction(0x85, 0, 0, 1)))
  }

  @Test func checksOfBoundsStay() throws {
    let program =
      Assembly.load(2, 1, 0, size: 0) + Assembly.load(3, 1, 4, size: 0) + Assembly.copy(4, from: 2)
      + Assembly.add(4, 14)
      + Assembly.set(0, 1) + [Assembly.instruction(0x2d, 4, 3, offset: 1)] + Assembly.load(0, 2, 12, size: 0x08)
      + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(words.contains { $0 & 0xf7 == 0x25 || $0 & 0xf7 == 0xb5 })
  }

  @Test func farJumpsBecomeOrdinaryOnesOrStayFar() throws {
    // 40,000 instructions of which the image leaves out all, and then none, and an end that is longer than a jump to it.
    let end = [Assembly.instruction(0x27, 0, 0, 3), Assembly.instruction(0xa7, 0, 0, 1)] + Assembly.exit
    for (isKnown, expected) in [(true, 0), (false, 1)] {
      let question = isKnown ? Assembly.set(3, 0) : Assembly.load(3, 1, 0)
      let long = (0..<40_000).map { Assembly.instruction(0xa7, 0, 0, $0 & 1 + 1) }
      let program =
        question + Assembly.load(0, 1, 8) + [Assembly.instruction(0x55, 3, 0, offset: 1, 0)]
        + [Assembly.instruction(0x06, 0, 0, Int32(long.count))] + long + end
      let words = try #require(Self.specialise(program)).words
      #expect(words.filter { $0 & 0xff == 0x06 }.count == expected)
      let context = [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 3, count: 56)
      #expect(Machine.run(words, context: context, image: Self.image)?.value == 0x0303_0303_0303_0303 * 3 ^ 1)
    }
  }

  @Test func whatIsNotKnownIsLeftAlone() {
    // The old loads from packets, and a jump out of the program.
    #expect(Self.specialise([Assembly.instruction(0x30, 0, 0, 4)] + Assembly.exit) == nil)
    #expect(Self.specialise(Assembly.jump(over: 7) + Assembly.exit) == nil)
    #expect(Self.specialise([]) == nil)
  }

  /// Whether a program reads or writes its stack.
  private static func usesStack(_ words: [UInt64]) -> Bool {
    words.contains { word in
      word & 7 == 1 && word >> 12 & 15 == 10 || (word & 7 == 2 || word & 7 == 3) && word >> 8 & 15 == 10
    }
  }

  private static func run(_ words: [UInt64]) -> Machine.Result? {
    Machine.run(words, context: (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 3 &+ 129) }, image: Self.image)
  }

  @Test func whatIsPutAsideGetsARegisterThatIsFree() throws {
    // Eight values over a call, of which four have room.
    for (count, isOnStack) in [(4, false), (8, true)] {
      var program: [UInt64] = []
      for value in 1...count {
        program += Assembly.load(2, 1, Int16(4 * value), size: 0) + Assembly.store(10, Int16(-8 * value), 2)
      }
      program += [Assembly.instruction(0x85, 0, 0, 5)]
      for value in 1...count {
        program += Assembly.load(2, 10, Int16(-8 * value)) + [Assembly.instruction(0x0f, 0, 2)]
      }
      program += Assembly.exit
      let words = try #require(Self.specialise(program)).words
      #expect(Self.usesStack(words) == isOnStack)
      #expect(Self.run(words) == Self.run(program))
    }
  }

  @Test func valuesThatShareAWordOfTheStackStayApart() throws {
    // All of a word, and behind that its lower half.
    let apart =
      Assembly.load(2, 1, 0) + Assembly.store(10, -8, 2) + [Assembly.instruction(0x85, 0, 0, 5)]
      + Assembly.load(6, 10, -8) + Assembly.store(10, -8, 6, size: 0) + [Assembly.instruction(0x85, 0, 0, 5)]
      + Assembly.load(0, 10, -8, size: 0) + Assembly.exit
    // The lower half of what is there, and then all.
    let mixed =
      Assembly.load(2, 1, 0) + Assembly.store(10, -8, 2) + [Assembly.instruction(0x85, 0, 0, 5)]
      + Assembly.store(10, -8, 0, size: 0) + [Assembly.instruction(0x85, 0, 0, 5)] + Assembly.load(0, 10, -8)
      + Assembly.exit
    for (program, isOnStack) in [(apart, false), (mixed, true)] {
      let words = try #require(Self.specialise(program)).words
      #expect(Self.usesStack(words) == isOnStack)
      #expect(Self.run(words) == Self.run(program))
    }
  }

  @Test func whatIsAlikeOnTwoWaysIsReadOnce() throws {
    // One of two numbers, put aside on both ways to where it is read again.
    let program =
      Assembly.load(2, 1, 0) + [Assembly.instruction(0x15, 2, 0, offset: 3, 0)]
      + Assembly.load(6, 1, 8) + Assembly.store(10, -8, 6) + Assembly.jump(over: 2)
      + Assembly.load(6, 1, 16) + Assembly.store(10, -8, 6)
      + [Assembly.instruction(0x85, 0, 0, 5)] + Assembly.load(2, 10, -8) + Assembly.add(6, 1)
      + Assembly.copy(0, from: 6) + [Assembly.instruction(0x2f, 0, 2)] + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(!Self.usesStack(words))
    // The number and what it becomes: one copy, and one for the result.
    #expect(words.filter { $0 & 0xff == 0xbf }.count == 2)
    #expect(Self.run(words) == Self.run(program))
  }

  @Test func whatIsRareStandsBehind() throws {
    // Of two ways that are alike, the one that is marked as rare, by a move of r3 to itself.
    for (isRare, first) in [(true, Int32(5)), (false, 3)] {
      let mark = isRare ? Assembly.copy(3, from: 3) : Assembly.copy(3, from: 4)
      let program =
        Assembly.load(3, 1, 0) + Assembly.load(4, 1, 8) + Assembly.load(0, 1, 16)
        + Assembly.jump(ifEqual: 3, 0, over: 4) + mark + [Assembly.instruction(0x27, 0, 0, 3)] + Assembly.store(1, 8, 0)
        + Assembly.exit + [Assembly.instruction(0x27, 0, 0, 5)] + Assembly.store(1, 16, 0) + Assembly.exit
      let words = try #require(Self.specialise(program)).words
      #expect(words.first { $0 & 0xff == 0x27 } == Assembly.instruction(0x27, 0, 0, first))
      #expect(!words.contains(Assembly.copy(3, from: 3)[0]))
      #expect(Self.run(words) == Self.run(program))
    }
  }

  @Test func whatIsRareInGeneralIsNotWhereTheImageDecides() throws {
    // The image leads one of two ways to what is marked.
    let program =
      Assembly.load(3, 1, 0) + Assembly.load(0, 1, 8) + Assembly.jump(ifEqual: 3, 0, over: 10)
      + Assembly.image(2, 0) + Assembly.load(2, 2, 0, size: 0x10) + Assembly.jump(ifEqual: 2, 1, over: 2)
      + Assembly.set(0, 0) + Assembly.exit
      + Assembly.copy(3, from: 3) + [Assembly.instruction(0x27, 0, 0, 3)] + Assembly.store(1, 8, 0) + Assembly.exit
      + [Assembly.instruction(0x27, 0, 0, 5)] + Assembly.store(1, 16, 0) + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(words.first { $0 & 0xff == 0x27 } == Assembly.instruction(0x27, 0, 0, 3))
    #expect(Self.run(words) == Self.run(program))
  }

  @Test func shortEndsStandWhereTheyAreReached() throws {
    let program =
      Assembly.load(2, 1, 0) + Assembly.set(0, 1) + [Assembly.instruction(0x15, 2, 0, offset: 2, 0)]
      + Assembly.store(1, 8, 2) + Assembly.jump(over: 1) + Assembly.store(1, 16, 2) + Assembly.exit
    let words = try #require(Self.specialise(program)).words
    #expect(!words.contains { $0 & 0xff == 0x05 })
    #expect(words.filter { $0 & 0xff == 0x95 }.count == 2)
    #expect(Self.run(words) == Self.run(program))
  }

  @Test func addressesNeedNoRegisterOfTheirOwn() throws {
    let program = Assembly.copy(3, from: 1) + Assembly.add(3, 8) + Assembly.load(0, 3, 8) + Assembly.exit
    #expect(try #require(Self.specialise(program)).words == Assembly.load(0, 1, 16) + Assembly.exit)
  }

  @Test func numbersOfFewBitsDecideSomeJumps() throws {
    // A byte is neither above 255 nor below 0.
    for (code, value) in [(0x25, 255), (0x25, 300), (0xa5, 0)] {
      let program =
        Assembly.load(2, 1, 0, size: 0x10) + Assembly.set(0, 1)
        + [Assembly.instruction(UInt8(code), 2, 0, offset: 1, Int32(value))] + Assembly.set(0, 2) + Assembly.exit
      #expect(try #require(Self.specialise(program)).words == Assembly.set(0, 2) + Assembly.exit)
    }
  }

  @Test func bitsThatAreKnownDecideSomeJumps() throws {
    // An IPv4 address as one of IPv6 has the same upper half as every other.
    let address =
      Assembly.load(2, 1, 4, size: 0)
      + [
        Assembly.instruction(0x67, 2, 0, 32), Assembly.instruction(0xb4, 3, 0, -65_536),
        Assembly.instruction(0x4f, 2, 3),
      ]
      + [Assembly.instruction(0xdc, 2, 0, 64)]
    func isIn(_ network: Int32, mask: Int32, upperMask: Int32) -> [UInt64] {
      [
        Assembly.instruction(0x18, 3, 0, network), Assembly.instruction(0, 0, 0, 0xffff),
        Assembly.instruction(0xaf, 2, 3),
      ]
        + [Assembly.instruction(0x18, 3, 0, mask), Assembly.instruction(0, 0, 0, upperMask)]
        + [Assembly.instruction(0x5f, 2, 3)] + Assembly.set(0, 1) + Assembly.jump(ifEqual: 2, 0, over: 1)
        + Assembly.set(0, 2) + Assembly.exit
    }
    let all = address + isIn(0, mask: 0, upperMask: -1)
    #expect(try #require(Self.specialise(all)).words == Assembly.set(0, 1) + Assembly.exit)
    // One network: its number fits into the instruction.
    let one = address + isIn(0x0a00_0000, mask: -16_777_216, upperMask: -1)
    let words = try #require(Self.specialise(one)).words
    #expect(words.contains(Assembly.instruction(0xa4, 2, 0, 0x0a00_0000)))
    #expect(Self.run(words) == Self.run(one))
  }

  @Test func sourceLinesMoveWithTheirInstructions() throws {
    let program =
      Assembly.set(2, 1) + Assembly.set(3, 2) + Assembly.load(0, 1, 0) + Assembly.add(0, 5) + Assembly.exit
    let result = try #require(Self.specialise(program))
    #expect(result.words.count == 3)
    // Places 0 and 2 have lines, with three more words each.
    let records: [UInt32] = [0, 1, 10, 100, 2, 1, 20, 200]
    let moved = records.withUnsafeBytes { result.lineRecords($0, recordSize: 16) }
    #expect(moved == [0, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 200, 0, 0, 0])
  }

  @Test(arguments: 0..<8) func randomProgramsDoWhatTheyDid(_ part: UInt64) throws {
    for seed in part * 100..<part * 100 + 100 {
      let program = RandomProgram(seed: seed + 1).words
      let result = try #require(Self.specialise(program), "seed \(seed)").words
      for fill in [0, 1, 77] {
        let context = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* fill) }
        let expected = Machine.run(program, context: context, image: Self.image)
        let given = Machine.run(result, context: context, image: Self.image)
        #expect(expected != nil && given == expected, "seed \(seed), memory \(fill)")
      }
    }
  }
}
