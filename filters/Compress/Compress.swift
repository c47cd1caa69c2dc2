public import FilterKit

/// Compresses or decompresses whole payloads.
public struct Compress: Filter {
  public static let name = "Compress"
  public static let aliases = ["quilkin.filters.compress.v1alpha1.Compress"]
  public static let summary = "Compresses and decompresses, with Snappy or LZ4."

  private enum Mode: String, CaseIterable {
    case snappy = "SNAPPY"
    case lz4 = "LZ4"
  }
  private enum Action: String, CaseIterable {
    case compress = "COMPRESS"
    case decompress = "DECOMPRESS"
    case doNothing = "DO_NOTHING"
  }
  private let mode: Mode
  private let onRead: Action
  private let onWrite: Action

  public init(options: inout Options, context: inout FilterContext) {
    mode = options.choice("mode", default: .snappy)
    onRead = options.choice("on_read", default: .doNothing)
    onWrite = options.choice("on_write", default: .doNothing)
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard (image.direction == .read ? onRead : onWrite) == .doNothing else {
      throw KernelRefusal("it compresses, which the kernel's program cannot")
    }
  }

  public func read(_ packet: inout Packet) -> Verdict { run(onRead, &packet) }
  public func write(_ packet: inout Packet) -> Verdict { run(onWrite, &packet) }

  private func run(_ action: Action, _ packet: inout Packet) -> Verdict {
    switch mode {
    case .snappy: Self.run(action, Snappy.self, &packet)
    case .lz4: Self.run(action, LZ4.self, &packet)
    }
  }

  @inline(__always) private static func run<C: Codec>(
    _ action: Action, _ codec: C.Type, _ packet: inout Packet
  ) -> Verdict {
    let isDone =
      switch action {
      case .compress: packet.replacePayload(C.compress)
      case .decompress: packet.replacePayload(C.decompress)
      case .doNothing: true
      }
    return isDone ? .forward : .drop(.compressFailed)
  }
}
