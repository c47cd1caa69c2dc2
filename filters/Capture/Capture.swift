import CDataPath
public import FilterKit

/// Keeps a part of the payload under a metadata key, for the filters behind it.
public struct Capture: Filter {
  public static let name = "Capture"
  public static let aliases = ["quilkin.filters.capture.v1alpha1.Capture"]
  public static let summary = "Keeps bytes of the payload, for filters further down; may cut them off."
  /// The key where none is configured, of filters that capture and of filters that use what was captured.
  public static let defaultKey = "quilkin.dev/capture"

  // Two fields and not an enum: taking the regex out of an enum would retain it for every packet.
  private let affix: AffixCapture
  private let regex: RegexCapture?

  public init(options: inout Options, context: inout FilterContext) {
    let name = options.string("metadataKey", default: Self.defaultKey)
    let key = context.key(name, setOn: .read)
    let isPresent = context.key(name + "/is_present", setOn: .read)

    let prefix = options.object("prefix") { Self.affix(&$0, isSuffix: false, key, isPresent) }
    let suffix = options.object("suffix") { Self.affix(&$0, isSuffix: true, key, isPresent) }
    let hasRegex = options.has("regex")
    regex = options.object("regex") { Self.regex(&$0, context, key, isPresent) } ?? nil
    affix = prefix ?? suffix ?? AffixCapture(size: 0, isSuffix: false, removes: false, key: key, isPresent: isPresent)
    if [prefix != nil, suffix != nil, hasRegex].count(where: \.self) != 1 {
      options.report("exactly one of 'prefix', 'suffix' and 'regex' must be given")
    }
  }

  private static func affix(
    _ options: inout Options, isSuffix: Bool, _ key: MetadataKey, _ isPresent: MetadataKey
  ) -> AffixCapture {
    AffixCapture(
      size: UInt32(options.integer("size", in: 0...PacketBatch.maximumPayload)), isSuffix: isSuffix,
      removes: options.boolean("remove", default: false), key: key, isPresent: isPresent)
  }

  private static func regex(
    _ options: inout Options, _ context: FilterContext, _ key: MetadataKey, _ isPresent: MetadataKey
  ) -> RegexCapture? {
    let pattern = options.string("pattern")
    let limits = context.counter(
      "proxy_capture_regex_limit_total",
      help: "Datagrams that a regular expression of Capture gave up on: too many steps, too much time or memory.")
    do throws(Regex.Failure) {
      return RegexCapture(try Regex(pattern), key: key, isPresent: isPresent, limits: limits)
    } catch {
      options.report("\(error)", at: options.mark(of: "pattern"))
      return nil
    }
  }

  public func read(_ packet: inout Packet) -> Verdict {
    if let regex { regex.read(&packet) } else { CaptureProgram.read(&packet, affix) }
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard image.direction == .read else { return }
    guard regex == nil else { throw KernelRefusal("a regular expression") }
    guard affix.size <= UInt32(CHAIN_VALUE_SIZE) else {
      throw KernelRefusal("it captures \(affix.size) bytes, and the kernel's program keeps \(CHAIN_VALUE_SIZE)")
    }
    try image.readsPayload()
    var affix = affix
    affix.key = try image.place(setting: affix.key)
    affix.isPresent = try image.place(setting: affix.isPresent)
    try image.append { [affix] in affix.encode(into: &$0) }
  }

  public func read(batch: inout PacketBatch) {
    if let regex {
      regex.read(batch: &batch)
      return
    }
    var rest = batch.livePackets
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = CaptureProgram.read(&packet, affix)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
    }
  }
}
