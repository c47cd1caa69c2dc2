public import FilterKit
import Glibc

/// The answer of an HTTP server, as text.
public struct HTTPAnswer: Sendable {
  public let status: Int
  /// The header fields, their names in small letters.
  public let headers: [String: String]
  public let body: String

  /// One request and its answer, over a connection of their own.
  /// - Parameters:
  ///   - target: The path, with its query.
  ///   - server: Where the request goes to.
  ///   - headers: Header lines to add, without their ends.
  ///   - body: What is sent behind the header.
  ///   - namespace: The network that the connection is made in.
  public static func get(
    _ target: String, from server: SocketAddress, method: String = "GET", headers: [String] = [], body: String = "",
    in namespace: NetworkNamespace? = nil, within time: Duration = .patience
  ) throws -> HTTPAnswer {
    let lines = ["\(method) \(target) HTTP/1.1", "Host: \(server)", "Connection: close"] + headers
    let request = lines.map { $0 + "\r\n" }.joined() + "\r\n" + body
    let connection = try TCPConnection(to: server, in: namespace)
    try connection.send(request)
    guard let bytes = try connection.receiveAll(within: time) else {
      throw SystemError("receive an answer to \(target)", code: ETIMEDOUT)
    }
    return try HTTPAnswer(String(decoding: bytes, as: UTF8.self))
  }

  private init(_ text: String) throws {
    guard let (head, body) = Self.split(text, at: "\r\n\r\n") else { throw NotHTTP(text: text) }
    var lines = head.split(separator: "\r\n")
    let words = lines.removeFirst().split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { throw NotHTTP(text: text) }
    self.status = status
    self.body = String(body)
    headers = Dictionary(
      lines.compactMap { line in Self.split(line, at: ":").map { ($0.lowercased(), $1.trimmingSpaces) } }
    ) { $0 + ", " + $1 }
  }

  private static func split(_ text: some StringProtocol, at separator: String) -> (String, String)? {
    // By bytes: the end of a line is one character of two.
    let bytes = Array(text.utf8)
    let mark = Array(separator.utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
    return (
      String(decoding: bytes[..<start], as: UTF8.self), String(decoding: bytes[(start + mark.count)...], as: UTF8.self)
    )
  }
}

/// What a server sent is no HTTP.
public struct NotHTTP: Error, CustomStringConvertible, Sendable {
  let text: String
  public var description: String { "not an HTTP answer: \(text.debugDescription)" }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
