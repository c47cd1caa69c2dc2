/// What `/ready` says of a proxy.
struct Readiness: Equatable, Sendable {
  /// Whether traffic may be sent there.
  let isReady: Bool
  /// Why it is not.
  let reason: String?
  /// Which path is in use, and why; nil where the page does not say.
  let path: String?

  /// Nil where no proxy says so.
  init?(status: Int, body: some Collection<UInt8>) {
    let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
    switch (status, lines.first) {
    case (200, "ready"):
      (isReady, reason) = (true, nil)
      path = lines.dropFirst().first.flatMap { Self.rest(of: $0, behind: "path: ") }
    case (503, let line?):
      guard let rest = Self.rest(of: line, behind: "not ready: ") else { return nil }
      (isReady, reason, path) = (false, rest, nil)
    default: return nil
    }
  }

  private static func rest(of line: Substring, behind start: String) -> String? {
    line.hasPrefix(start) ? String(line.dropFirst(start.count)) : nil
  }
}
