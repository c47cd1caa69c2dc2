public import FilterKit

/// Adds constant bytes at the front or the end of the payload.
public struct Concatenate: Filter {
  public static let name = "Concatenate"
  public static let aliases = ["quilkin.filters.concatenate.v1alpha1.Concatenate"]
  public static let summary = "Adds bytes at the front or the end."

  private let onRead: ConcatenateAction
  private let onWrite: ConcatenateAction
  private let buffer: ConstantBuffer
  // Beside its owner, so that the loop over packets touches no reference count.
  private let bytes: ConstantBytes

  public init(options: inout Options, context: inout FilterContext) {
    onRead = options.choice("on_read", among: Self.actions, default: .doNothing)
    onWrite = options.choice("on_write", among: Self.actions, default: .doNothing)
    let bytes = options.base64("bytes")
    if bytes.count > PacketBatch.maximumPayload {
      options.report(
        "'bytes' has \(bytes.count) bytes; a datagram holds at most \(PacketBatch.maximumPayload)",
        at: options.mark(of: "bytes"))
    }
    buffer = ConstantBuffer(bytes)
    self.bytes = buffer.bytes
  }

  private static let actions: [(name: String, value: ConcatenateAction)] = [
    ("APPEND", .append), ("PREPEND", .prepend), ("DO_NOTHING", .doNothing),
  ]

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    let action = image.direction == .read ? onRead : onWrite
    guard action != .doNothing, bytes.count > 0 else { return }
    image.grows()
    let size = ConcatenateAction.bytesPerSlot
    let bytes = Array(UnsafeRawBufferPointer(start: bytes.start, count: Int(bytes.count)))
    let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    // In front, the last piece comes first: each goes before those that are there.
    for piece in action == .append ? pieces : pieces.reversed() {
      try image.append { action.encode(piece, into: &$0) }
    }
  }

  public func read(_ packet: inout Packet) -> Verdict { ConcatenateProgram.run(&packet, onRead, bytes) }
  public func write(_ packet: inout Packet) -> Verdict { ConcatenateProgram.run(&packet, onWrite, bytes) }
}
