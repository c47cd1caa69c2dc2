public import FilterKit

/// What became of a packet, as all engines that ran it say.
public struct PacketResult: Sendable {
  /// `.forward`, or `.drop` with the reason, also where the proxy itself dropped the packet behind the filters.
  public let verdict: Verdict
  /// The name of the reason, as metrics and cases have it, also of one that the filter names itself; nil for a packet that was
  /// forwarded.
  public let dropReason: String?
  /// The label of the filter that dropped the packet, as metrics call it; nil for a packet that was forwarded, and for one that the
  /// proxy dropped behind the filters.
  public let droppedBy: String?
  /// The payload as the filters left it; nil for a packet that was dropped.
  public let payload: Payload?
  /// Where the packet went, in the order of the endpoints: `203.0.113.1:26000`. On write it is the client. Empty for a packet that
  /// was dropped.
  public let destinations: [String]
  /// What the filters left, by the names of the keys. The filters alone and the sockets tell; the kernel's program keeps only what
  /// a later filter looks at, and does not show it, so there a wrong value is found where it makes a difference.
  public let metadata: [String: MetadataValue]
  /// What the packet added to the filters' counters.
  public let counters: CounterValues
  /// The engines that ran the packet.
  public let engines: [TestEngine]
  /// What the kernel's program did with the packet.
  public let kernel: KernelPart

  public var isForwarded: Bool { verdict.isForward }

  /// What the kernel's program did with a packet.
  public enum KernelPart: Hashable, Sendable {
    /// It forwarded or dropped the packet itself.
    case carried
    /// It left the packet to the sockets, for a cause as `proxy_hand_overs_total` names it.
    case handedOver(String)
    /// It did not run; see `FilterTrial.kernelRefusal` and `FilterTrial.leftOut`.
    case notRun
  }
}
