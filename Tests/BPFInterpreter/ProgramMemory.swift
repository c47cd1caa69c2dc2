/// The memory that a program reaches: pieces that lie far apart from each other, at addresses of 32 bits. What does not lie within one
/// piece is not there.
public struct ProgramMemory {
  private struct Piece {
    let address: UInt64
    var bytes: [UInt8]
    let isWritable: Bool
  }

  private var pieces: [Piece] = []

  public init() {}

  /// Adds a piece.
  /// - Returns: Where it begins, aligned to 64 KiB.
  public mutating func add(_ bytes: [UInt8], isWritable: Bool = true) -> UInt64 {
    let end = pieces.last.map { $0.address + UInt64($0.bytes.count) } ?? 0
    // An instruction's offset, 32 KiB, does not lead from one into the next.
    let address = (end + 0x1_0000) | 0xffff + 1
    pieces.append(Piece(address: address, bytes: bytes, isWritable: isWritable))
    return address
  }

  public func bytes(_ count: Int, at address: UInt64) throws(ProgramFailure) -> [UInt8] {
    let (piece, offset) = try place(of: count, at: address)
    return Array(pieces[piece].bytes[offset..<offset + count])
  }

  /// A number of up to 8 bytes, little-endian.
  public func load(_ size: Int, at address: UInt64) throws(ProgramFailure) -> UInt64 {
    let (piece, offset) = try place(of: size, at: address)
    var value: UInt64 = 0
    for byte in 0..<size { value |= UInt64(pieces[piece].bytes[offset + byte]) << UInt64(8 * byte) }
    return value
  }

  /// Writes a number of up to 8 bytes, little-endian.
  public mutating func store(_ value: UInt64, _ size: Int, at address: UInt64) throws(ProgramFailure) {
    let (piece, offset) = try place(of: size, at: address)
    guard pieces[piece].isWritable else { throw ProgramFailure("writes what is read-only, at \(address)") }
    for byte in 0..<size { pieces[piece].bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
  }

  private func place(of size: Int, at address: UInt64) throws(ProgramFailure) -> (piece: Int, offset: Int) {
    for (number, piece) in pieces.enumerated() where address >= piece.address {
      let offset = address - piece.address
      if offset <= UInt64(piece.bytes.count), size <= piece.bytes.count - Int(offset) { return (number, Int(offset)) }
    }
    throw ProgramFailure("leaves its memory for \(size) bytes at \(address)")
  }
}
