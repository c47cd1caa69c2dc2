/// How C comes to the packet programs: a header that gives each its number, and their entries in Swift.
struct ProgramEntries {
  let programs: [ProgramSource]

  /// The entries of a program.
  static let names = ["read", "write", "note"]
  /// One that is never called: its result is known at build.
  static let optionsSize = "options_size"

  static func symbol(_ program: ProgramSource, _ entry: String) -> String {
    "program_\(program.name)_\(entry)"
  }

  /// `programs.h`, which `bpf/chain.h` includes.
  var header: String {
    let rows = programs.enumerated().map { (text: " X(\($0.offset), \($0.element.name))", notes: $0.element.notes) }
    return "#define PACKET_PROGRAMS(X)\(rows.map(\.text).joined())\n"
      + "#define NOTING_PROGRAMS(X)\(rows.filter(\.notes).map(\.text).joined())\n"
  }

  /// See `bpf/KernelEntries.swift`.
  var swift: String {
    var text = "import CDataPath\n"
    for program in programs {
      for entry in Self.names {
        let symbol = Self.symbol(program, entry)
        text += """
          @_cdecl("\(symbol)")
          public func \(symbol)(_ packet: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
            \(program.name).\(entry)(packet, slot)
          }

          """
      }
      let symbol = Self.symbol(program, Self.optionsSize)
      text += """
        @_cdecl("\(symbol)")
        public func \(symbol)() -> UInt32 { UInt32(truncatingIfNeeded: MemoryLayout<\(program.name).Options>.size) }

        """
    }
    return text
  }
}
