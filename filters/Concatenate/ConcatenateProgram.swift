import PacketKit

/// Where `Concatenate` puts its bytes.
enum ConcatenateAction: BitwiseCopyable, Sendable {
  case append, prepend, doNothing
}

/// The packet program of `Concatenate`.
enum ConcatenateProgram {
  @inline(__always) static func run<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ action: ConcatenateAction, _ bytes: ConstantBytes
  ) -> Verdict {
    switch action {
    case .append: packet.append(bytes) ? .forward : .drop(.payloadTooLarge)
    case .prepend: packet.prepend(bytes) ? .forward : .drop(.payloadTooLarge)
    case .doNothing: .forward
    }
  }
}
