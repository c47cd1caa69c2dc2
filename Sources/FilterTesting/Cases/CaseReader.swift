import FilterKit

/// Reads the cases of one file. Unknown keys and mistakes are reported, as in a configuration.
struct CaseReader {
  let file: String
  let registry: FilterRegistry
  let diagnostics: Diagnostics

  func cases(in root: ConfigurationNode) -> [FilterCase] {
    guard case .sequence(let items) = root.content else {
      diagnostics.expected("a list of cases", at: root)
      return []
    }
    return items.map { item in
      var options = Options(item, diagnostics: diagnostics)
      let result = read(&options)
      options.finish()
      return result
    }
  }

  private func read(_ options: inout Options) -> FilterCase {
    let name = options.string("name")
    var filters: [ConfigurationNode] = []
    if let node = options.node("filters") {
      if case .sequence(let items) = node.content { filters = items } else { options.expect("a list", at: node) }
    }
    let endpoints =
      options.optionalList("endpoints") { Self.endpoint(&$0) }
      ?? [RoutingTable.Endpoint(TrialChain.defaultEndpoint)]
    let server = endpoints.first?.address ?? TrialChain.defaultEndpoint
    let steps = options.optionalList("steps") { Self.step(&$0, server: server) } ?? []
    let errors = options.optionalStrings("errors")?.map(\.text) ?? []
    if steps.isEmpty, errors.isEmpty, !options.has("warnings") { options.report("a case has 'steps' or 'errors'") }
    let chain = TrialChain(
      registry: registry, filters: filters, endpoints: endpoints,
      clock: options.optionalInteger("clock", in: 0 ... .max).map(Int64.init))
    return FilterCase(
      name: name, file: file, line: options.mark.line, chain: chain, filtersMark: options.mark(of: "filters"),
      steps: steps, counters: Self.counters(&options),
      metrics: options.node("metrics").map { Self.numbers($0, options) } ?? [:], errors: errors,
      warnings: options.optionalStrings("warnings")?.map(\.text) ?? [])
  }

  private static func endpoint(_ options: inout Options) -> RoutingTable.Endpoint {
    let address = address("address", &options) ?? TrialChain.defaultEndpoint
    var tokens: [[UInt8]] = []
    if let node = options.node("tokens") {
      if case .sequence(let items) = node.content {
        tokens = items.map { payload($0, options) }
      } else {
        options.expect("a list", at: node)
      }
    }
    return RoutingTable.Endpoint(address, tokens: tokens)
  }

  private static func step(_ options: inout Options, server: SocketAddress) -> FilterCase.Step {
    let line = options.mark.line
    let read = options.node("read")
    let write = options.node("write")
    if (read == nil) == (write == nil) { options.report("a step has 'read' or 'write'") }
    let direction: Direction = write == nil ? .read : .write
    let payload = (read ?? write).map { Self.payload($0, options) } ?? []
    let source = address("from", &options) ?? (direction == .read ? TrialChain.defaultClient : server)
    return FilterCase.Step(
      direction: direction, payload: payload, source: source, time: time(&options),
      times: options.integer("times", in: 1...100_000, default: 1),
      expected: expectation(&options, direction, payload), metadata: metadata(&options), line: line)
  }

  private static func expectation(
    _ options: inout Options, _ direction: Direction, _ original: [UInt8]
  ) -> FilterCase.Expectation {
    let reason = options.optionalString("drop")
    let payload = options.node("payload").map { Self.payload($0, options) }
    let to = options.optionalStrings("to").map { Self.addresses($0, options) }
    let oneOf = options.optionalStrings("to_one_of").map { Self.addresses($0, options) }
    if let reason {
      if payload != nil || to != nil || oneOf != nil { options.report("'drop' stands alone") }
      return .dropped(reason: reason)
    }
    if direction == .write {
      if to != nil || oneOf != nil { options.report("a reply goes to the client") }
      return .forwarded(payload: payload ?? original, to: .client)
    }
    let recipients: FilterCase.Recipients =
      if let to { .exactly(to) } else if let oneOf { .oneOf(oneOf) } else { .everyEndpoint }
    return .forwarded(payload: payload ?? original, to: recipients)
  }

  // MARK: Values

  private static func address(_ key: String, _ options: inout Options) -> SocketAddress? {
    guard let text = options.optionalString(key) else { return nil }
    return addresses([(text, options.mark(of: key))], options).first
  }

  private static func addresses(
    _ texts: [(text: String, mark: Mark)], _ options: borrowing Options
  ) -> [SocketAddress] {
    var addresses: [SocketAddress] = []
    for (text, mark) in texts {
      do throws(AddressError) { addresses.append(try SocketAddress(text)) } catch {
        options.report("\(error)", at: mark)
      }
    }
    return addresses
  }

  /// `1500ms` or `2s`, in nanoseconds.
  private static func time(_ options: inout Options) -> UInt64 {
    guard let text = options.optionalString("at") else { return 0 }
    if text.hasSuffix("ms"), let number = UInt64(text.dropLast(2)) { return number * 1_000_000 }
    if text.hasSuffix("s"), let number = UInt64(text.dropLast(1)) { return number * 1_000_000_000 }
    options.report("expected a time such as 1500ms or 2s, found \(excerpt(text))", at: options.mark(of: "at"))
    return 0
  }

  /// Text, `{hex: …}`, `{base64: …}`, `{repeat: PAYLOAD, count: N}`, or a list of those that are put together.
  private static func payload(_ node: ConfigurationNode, _ options: borrowing Options) -> [UInt8] {
    switch node.content {
    case .plain(let text), .quoted(let text): return Array(text.utf8)
    case .sequence(let items): return items.flatMap { payload($0, options) }
    case .mapping:
      return options.object(at: node) { part in
        if part.has("base64") { return part.base64("base64") }
        if let repeated = part.node("repeat") {
          let bytes = payload(repeated, part)
          return (0..<part.integer("count", in: 0...PacketBatch.maximumPayload)).flatMap { _ in bytes }
        }
        return hex(part.string("hex"), part)
      }
    case .unusable: return []
    }
  }

  /// `true` and `7` without quotes are a bool and a number; all else is a payload.
  private static func metadata(_ options: inout Options) -> [String: MetadataValue] {
    guard let node = options.node("metadata") else { return [:] }
    guard case .mapping(let entries) = node.content else {
      options.expect("a mapping of values", at: node)
      return [:]
    }
    var values: [String: MetadataValue] = [:]
    for entry in entries {
      if case .plain(let text) = entry.value.content {
        switch PlainScalar(text) {
        case .bool(let value): values[entry.key] = .bool(value)
        case .integer(let number?, isNegative: false): values[entry.key] = .number(number)
        default: break
        }
      }
      if values[entry.key] == nil { values[entry.key] = .bytes(Payload(payload(entry.value, options))) }
    }
    return values
  }

  private static func hex(_ text: String, _ options: borrowing Options) -> [UInt8] {
    let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
    guard digits.count == text.count(where: { $0 != " " }), digits.count.isMultiple(of: 2) else {
      options.report("expected pairs of hexadecimal digits, found \(excerpt(text))")
      return []
    }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  private static func counters(_ options: inout Options) -> [String: [String: UInt64]] {
    guard let node = options.node("counters") else { return [:] }
    guard case .mapping(let entries) = node.content else {
      options.expect("a mapping of filters", at: node)
      return [:]
    }
    return Dictionary(entries.map { ($0.key, numbers($0.value, options)) }) { first, _ in first }
  }

  private static func numbers(_ node: ConfigurationNode, _ options: borrowing Options) -> [String: UInt64] {
    guard case .mapping(let entries) = node.content else {
      options.expect("a mapping of numbers", at: node)
      return [:]
    }
    var numbers: [String: UInt64] = [:]
    for entry in entries {
      guard let number = entry.value.text.flatMap({ UInt64($0) }) else {
        options.expect("a whole number", at: entry.value)
        continue
      }
      numbers[entry.key] = number
    }
    return numbers
  }
}
