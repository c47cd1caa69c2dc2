import CBpf

/// The place in the sources at which the verifier stopped.
struct RefusedPlace {
  private let records: UnsafeRawBufferPointer
  private let recordSize: Int
  private let types: OpaquePointer?

  /// - Parameters:
  ///   - records: those of source lines that the kernel was given with the program (`struct bpf_line_info` of
  ///     include/uapi/linux/bpf.h).
  ///   - types: where their strings are.
  init(_ records: UnsafeRawBufferPointer, recordSize: Int, types: OpaquePointer?) {
    self.records = records
    self.recordSize = recordSize
    self.types = types
  }

  /// Of a log with the way that the verifier went: `FILE:LINE`; nil where it does not tell. What the kit does for a packet program is
  /// the program's place, since that asked for it.
  func text(of log: some StringProtocol) -> String? {
    var first: String?
    for line in log.split(separator: "\n").reversed() {
      // An instruction is written as `NUMBER: (CODE) ...`.
      guard let colon = line.firstIndex(of: ":"), let number = UInt32(line[..<colon]),
        line[colon...].hasPrefix(": ("), let place = place(of: number)
      else { continue }
      if first == nil { first = place.text }
      if place.isProgram { return place.text }
      guard place.servesPrograms else { return first }
    }
    return first
  }

  private struct Place {
    let file: Substring
    let line: UInt32

    var text: String { "\(file):\(line)" }
    var isProgram: Bool { file.hasSuffix("Program.swift") }
    var servesPrograms: Bool { file == "services.h" || file == "packet.h" || file == "KernelPacket.swift" }
  }

  private func place(of instruction: UInt32) -> Place? {
    var found: Int?
    for record in 0..<records.count / recordSize where word(record, 0) <= instruction { found = record }
    guard let found, let name = btf__str_by_offset(types, word(found, 1)) else { return nil }
    let path = String(cString: name)
    // The column is in the lower 10 bits.
    return Place(
      file: path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...], line: word(found, 3) >> 10)
  }

  private func word(_ record: Int, _ index: Int) -> UInt32 {
    records.loadUnaligned(fromByteOffset: record * recordSize + 4 * index, as: UInt32.self)
  }
}
