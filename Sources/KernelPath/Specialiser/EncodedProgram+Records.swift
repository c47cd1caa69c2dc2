/// The records of `.BTF.ext` that belong to places in a program: the kernel wants them to fit the instructions.
///
/// Both kinds begin with the place, in 32 bits (`struct bpf_line_info` and `struct bpf_func_info` of include/uapi/linux/bpf.h).
extension EncodedProgram {
  /// The records of source lines, in the order of the new program: so a refusal can still name a line.
  func lineRecords(_ old: UnsafeRawBufferPointer, recordSize: Int) -> [UInt8] {
    let count = old.count / recordSize
    guard count > 0 else { return [] }
    func place(_ record: Int) -> Int32 { old.loadUnaligned(fromByteOffset: record * recordSize, as: Int32.self) }
    // For each place that came, its record.
    var recordAt = [Int32](repeating: 0, count: Int(origins.max() ?? 0) + 1)
    var record = 0
    for origin in recordAt.indices {
      while record + 1 < count, place(record + 1) <= Int32(origin) { record += 1 }
      recordAt[origin] = Int32(record)
    }
    var records: [UInt8] = []
    var last: Int32 = -1
    for index in origins.indices {
      // Each function needs one at its start, and the second half of a wide load must not have any.
      let beginsFunction = functions.contains(Int32(index))
      let isSecondHalf =
        index > 0 && UInt8(truncatingIfNeeded: words[index - 1]) == Opcode.wideLoad && words[index] & 0xff == 0
      let current = recordAt[Int(origins[index])]
      guard !isSecondHalf, beginsFunction || current != last else { continue }
      last = current
      Self.append(Int32(index), old, record: Int(current), recordSize, to: &records)
    }
    return records
  }

  /// The records of functions.
  func functionRecords(_ old: UnsafeRawBufferPointer, recordSize: Int) -> [UInt8] {
    var records: [UInt8] = []
    let places = (0..<old.count / recordSize).map { old.loadUnaligned(fromByteOffset: $0 * recordSize, as: Int32.self) }
    for (place, origin) in zip(functions, functionOrigins) {
      // Without one for each function the kernel takes none.
      guard let record = places.firstIndex(of: origin) else { return [] }
      Self.append(place, old, record: record, recordSize, to: &records)
    }
    return records
  }

  private static func append(
    _ place: Int32, _ old: UnsafeRawBufferPointer, record: Int, _ recordSize: Int, to records: inout [UInt8]
  ) {
    withUnsafeBytes(of: place.littleEndian) { records += $0 }
    records += old[record * recordSize + 4..<(record + 1) * recordSize]
  }
}
