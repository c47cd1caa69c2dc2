public import FilterKit
import Filters

/// Lets each token send so many packets in all. A token that is not in the list is let through unlimited.
public struct TokenQuota: PacketProgramFilter {
  public typealias Program = TokenQuotaProgram
  public static let name = "TokenQuota"
  public static let summary = "Lets each token send so many packets in all."
  public static let dropReasons = ["quota_used_up"]
  public static let directions: Directions = .read
  public let program: TokenQuotaProgram.Options
  /// A table from tokens to numbers, and how many packets each number has let through. Both paths share it.
  public let state: ProgramState?

  public init(options: inout Options, context: inout FilterContext) {
    let tokens = options.strings("tokens").compactMap { text, mark -> ShortBytes? in
      let token = ShortBytes(Array(text.utf8))
      if token == nil { options.report("a token has at most \(ShortBytes.maximumSize) bytes", at: mark) }
      return token
    }
    if tokens.count > ProgramState.maximumNumbers {
      options.report("more than \(ProgramState.maximumNumbers) tokens", at: options.mark(of: "tokens"))
    }
    program = TokenQuotaProgram.Options(
      quota: UInt64(options.integer("packets", in: 1...Int(UInt32.max))), token: context.key(Capture.defaultKey),
      place: context.key(context.label + "/place", setOn: .read),
      counted: context.counter("token_quota_packets_total", help: "Packets of tokens that have a quota."))
    // With the same tokens the counts go on when the configuration is loaded again.
    state = context.state(of: tokens) {
      let count = min(tokens.count, ProgramState.maximumNumbers)
      let state = ProgramState(numbers: count, entries: max(1, count))
      for (place, token) in tokens.prefix(count).enumerated() { state.setEntry(for: token, to: UInt64(place)) }
      return state
    }
  }

  public func place(_ program: inout TokenQuotaProgram.Options, in image: inout ChainEncoder) throws(KernelRefusal) {
    program.token = try image.place(reading: program.token)
    program.place = try image.place(observing: program.place)
    program.counted = try image.place(program.counted)
  }
}

extension FilterRegistry {
  /// The proxy's own filters and `TokenQuota`.
  public static var withTokenQuota: FilterRegistry { .builtin.adding(TokenQuota.self, program: .compiled) }
}
