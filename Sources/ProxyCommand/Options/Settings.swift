import FilterKit
import KernelPath
import Logging
import Operations

/// The options of the command, with how their values are read.
enum Settings {
  static let config = Setting(name: "config") { $0 }
  static let listen = Setting(name: "listen") { try address($0) }
  static let workers = Setting(name: "workers") { try number($0, in: 1...1024) }
  static let idleTimeout = Setting(name: "idle-timeout") { try DurationText.read($0, from: .milliseconds(1)) }
  static let maxSessions = Setting(name: "max-sessions") { try number($0, in: 1...100_000_000) }
  static let drainTimeout = Setting(name: "drain-timeout") { try DurationText.read($0, from: .zero) }
  static let admin = Setting(name: "admin") { try address($0) }
  static let noAdmin = Setting(name: "no-admin") { try flag($0) }
  static let logLevel = Setting(name: "log-level") { try choice($0, of: Logger.Level.self) }
  static let logFormat = Setting(name: "log-format") { try choice($0, of: LogFormat.self) }
  static let interface = Setting(name: "interface") { $0.split(separator: ",").map(String.init) }
  static let attach = Setting(name: "attach") { try choice($0, of: AttachMode.self) }
  static let requireOffload = Setting(name: "require-offload") { try flag($0) }
  static let stay = Setting(name: "stay") { try flag($0) }
  static let interval = Setting(name: "interval") { try interval($0) }
  static let count = Setting(name: "count") { try number($0, in: 1...1_000_000_000) }

  /// The variables of all options that a proxy is started with.
  static let variables = [
    config.variable, listen.variable, workers.variable, idleTimeout.variable, maxSessions.variable,
    drainTimeout.variable, admin.variable, noAdmin.variable, logLevel.variable, logFormat.variable,
    interface.variable, attach.variable, requireOffload.variable, stay.variable,
  ]

  /// Those of 'proxy top', which a proxy that is started has nothing to say about.
  static let topVariables = [interval.variable, count.variable]

  /// An address to listen on. Port 0 lets the system choose.
  private static func address(_ text: String) throws -> SocketAddress {
    do {
      if let (host, port) = try? SocketAddress.split(text), port == "0" {
        var address = try SocketAddress("\(host):1")
        address.port = 0
        return address
      }
      return try SocketAddress(text)
    } catch {
      throw InvalidValue("it \(error.reason)")
    }
  }

  /// Readings that follow each other faster than this say little, and cost the proxy.
  private static func interval(_ text: String) throws -> Duration {
    let interval = try DurationText.read(text, from: .zero)
    guard interval >= .milliseconds(100) else { throw InvalidValue("expected 100ms or more") }
    return interval
  }

  private static func number(_ text: String, in range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw InvalidValue("expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func flag(_ text: String) throws -> Bool {
    switch text.lowercased() {
    case "1", "true", "yes", "on": true
    case "0", "false", "no", "off": false
    default: throw InvalidValue("expected 'true' or 'false'")
    }
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, of type: Choice.Type
  ) throws -> Choice where Choice.RawValue == String {
    if let choice = Choice(rawValue: text) { return choice }
    let names = Choice.allCases.map(\.rawValue)
    throw InvalidValue("expected \(names.joined(separator: ", "))\(Spelling.hint(for: text, among: names))")
  }
}
