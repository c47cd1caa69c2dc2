/// How C comes to the packet programs: a header that gives each its number, and their entries in Swift.
struct ProgramEntries {
  let programs: [ProgramSource]

  /// `programs.h`, which `bpf/chain.h` includes.
  var header: String {
    let rows = programs.enumerated().map { " X(\($0.offset), \($0.element.name))" }
    return "#define PACKET_PROGRAMS(X)\(rows.joined())\n"
  }

  /// See `bpf/KernelEntries.swift`.
  var swift: String {
    var text = "import CDataPath\n"
    for program in programs {
      for entry in ["read", "write", "note"] {
        text += """
          @_cdecl("program_\(program.name)_\(entry)")
          public func program_\(program.name)_\(entry)(
            _ packet: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>
          ) -> UInt32 { \(program.name).\(entry)(packet, slot) }

          """
      }
    }
    return text
  }
}
