public import PacketKit

extension Verdict: CustomStringConvertible {
  /// `forward`, or `drop(token_unknown)` with the name that metrics and logs have for the reason.
  public var description: String { isForward ? "forward" : "drop(\(reason.name))" }
}
