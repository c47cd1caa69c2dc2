import Testing

/// What cannot run in the kernel ends the build of the author's package, at the line of the source.
@Suite struct KernelRuleTests {
  /// One call of the compiler is enough for all of them.
  @Test func whatIsLeftOfAProgramIsLookedAt() throws {
    var folder = try ProgramFolder()
    try folder.add(
      "SumProgram", "    return packet.count + options.size > 100 ? .forward : .drop(.dropped)")
    try folder.add(
      "ForceProgram",
      """
          let count: UInt32? = options.size > 3 ? packet.count : nil
          return count! > 100 ? .forward : .drop(.dropped)
      """)
    try folder.add(
      "IndexProgram",
      """
          let table: InlineArray<4, UInt32> = [1, 2, 3, 4]
          return table[Int(packet.count)] > options.size ? .forward : .drop(.dropped)
      """)
    try folder.add("NarrowProgram", "    return UInt8(packet.count) > 3 ? .forward : .drop(.dropped)")
    try folder.add("ZeroProgram", "    return packet.count / options.size > 4 ? .forward : .drop(.dropped)")
    try folder.add(
      "SignProgram",
      """
          guard options.size > 0 else { return .forward }
          return Int32(bitPattern: packet.count) / Int32(bitPattern: options.size & 7 | 1) > 4 ? .forward : .drop(.dropped)
      """)
    try folder.add("FractionProgram", "    return Double(packet.count) * 0.5 > 100 ? .forward : .drop(.dropped)")
    try folder.add(
      "LoopProgram",
      """
          var sum: UInt32 = 0
          var index: UInt32 = 0
          while index < packet.count {
            sum = sum &* 31 &+ (sum >> 3) &+ index
            index = index &+ 1
          }
          return sum > options.size ? .forward : .drop(.dropped)
      """)
    try folder.add(
      "UnrolledProgram",
      """
          var sum: UInt64 = 0
          for index in 0..<8 as Range<UInt64> { sum = sum &* 31 &+ (UInt64(packet.count) >> index) }
          return sum > 7 ? .forward : .drop(.dropped)
      """)
    try folder.add(
      "DepthProgram",
      """
          return depth(packet.count) > 3 ? .forward : .drop(.dropped)
        }
        private static func depth(_ n: UInt32) -> UInt32 {
          n < 2 ? 1 : depth(n &- 1) &* 3 &+ depth(n &- 2)
      """)
    try folder.add(
      "PrintProgram",
      """
          print("a packet")
          return .forward
      """)
    try folder.add(
      "WideProgram", "    return packet.count > 0 ? .forward : .drop(.dropped)",
      options: "var a: UInt64, b: UInt64, c: UInt64, d: UInt64, e: UInt8")

    let expected = """
      DepthProgram.swift:8: error: this calls itself, which the kernel's program cannot: write it without recursion
      ForceProgram.swift:6: error: this may trap (Unexpectedly found nil while unwrapping an Optional value), and nothing may trap \
      in the kernel: use 'guard let' in place of '!'
      FractionProgram.swift:5: error: this is a number with a fraction, which the kernel does not know: use whole numbers
      IndexProgram.swift:6: error: this may trap (Index out of bounds), and nothing may trap in the kernel: compare the index with \
      the bounds first, and leave by a verdict where it is outside
      LoopProgram.swift:7: error: a loop is left here, and the kernel's program has none: let it have a small constant number of \
      rounds, which the compiler writes out
      NarrowProgram.swift:5: error: this may trap (Not enough bits to represent the passed value), and nothing may trap in the \
      kernel: use 'truncatingIfNeeded:' for the conversion
      PrintProgram.swift:5: error: this calls 'putchar', which is not there in the kernel: leave it out, or do it on sockets
      SignProgram.swift:6: error: this divides numbers with a sign, which the kernel's program cannot: divide numbers without one
      SumProgram.swift:5: error: this may trap (arithmetic overflow), and nothing may trap in the kernel: use &+, &- and &*
      WideProgram.swift:2: error: the Options of WideProgram take 33 bytes, and the kernel's program has room for 32: leave out \
      what is not asked on every packet, or make it smaller
      ZeroProgram.swift:5: error: this may trap (Division by zero), and nothing may trap in the kernel: compare the divisor with 0 \
      first, and divide numbers without a sign
      """
    #expect(try folder.check().split(separator: "\n") == expected.split(separator: "\n"))
  }

  @Test func whatTheCompilerRefusesIsSaidAsItSaysIt() throws {
    var folder = try ProgramFolder()
    try folder.add(
      "ListProgram",
      """
          let sizes: [UInt32] = [options.size, packet.count]
          return sizes.contains(100) ? .forward : .drop(.dropped)
      """)
    try folder.add(
      "ClosureProgram",
      """
          var count: UInt32 = 0
          keep { count &+= 1 }
          return count > 7 ? .forward : .drop(.dropped)
        }
        @inline(never) private static func keep(_ add: @escaping () -> Void) { add()
      """)
    try folder.add("AnyProgram", "    return (options.size as any Equatable) is UInt32 ? .forward : .drop(.dropped)")
    let said = try folder.check()
    let lines = said.split(separator: "\n")
    #expect(
      lines.contains { $0.hasPrefix("ListProgram.swift:5:27: error: ") && $0.hasSuffix(" in -no-allocations mode") },
      "\(said)")
    #expect(
      lines.contains { $0.hasPrefix("ListProgram.swift:5: note: a packet program allocates nothing: use structs") })
    #expect(
      lines.contains { $0.hasPrefix("ClosureProgram.swift:6:10: error: cannot use escaping closures") }, "\(said)")
    #expect(
      lines.contains {
        $0.hasPrefix("AnyProgram.swift:5:") && $0.contains("error: cannot use a value of protocol type")
      })
    #expect(lines.contains { $0.hasPrefix("AnyProgram.swift:5: note: a packet program knows all types") })
    // Of the files that the tool makes, and of no file, nothing is said.
    #expect(!said.contains("ProgramEntries.swift:") && !said.contains("<unknown>"))
  }

  @Test func aProgramStandsAlone() throws {
    var scope = try ProgramFolder()
    try scope.add("ScopeProgram", "    return check(packet.count) ? .forward : .drop(.dropped)")
    let outside = try scope.check()
    #expect(outside.hasPrefix("ScopeProgram.swift:5:12: error: cannot find 'check' in scope"))
    #expect(
      outside.hasSuffix(
        "ScopeProgram.swift:5: note: a packet program is compiled without the rest of its target: "
          + "what it uses stands in its own file"))
    var module = try ProgramFolder()
    try module.add("ImportProgram", "    return .forward", before: "import Glibc")
    let imported = try module.check()
    #expect(imported.hasPrefix("ImportProgram.swift:1:26: error: no such module 'Glibc'"))
    #expect(imported.hasSuffix("ImportProgram.swift:1: note: a packet program imports FilterKit alone"))
  }
}
