public import FilterKit
import Synchronization

/// A name server (RFC 1035) that says one IPv4 address of every name, on a thread of its own. It ends with its last owner.
public final class NameServer: Sendable {
  private final class Answer: Sendable {
    let address: Mutex<IPAddress?>
    init(_ address: IPAddress) { self.address = Mutex(address) }
  }

  private let answer: Answer
  private let responder: DatagramResponder
  private let folder: TemporaryDirectory

  /// Serves at 127.0.0.1 of a namespace.
  public init(_ address: IPAddress, in namespace: NetworkNamespace) throws {
    let socket = try UDPSocket(bind: "127.0.0.1:53", in: namespace)
    let answer = Answer(address)
    self.answer = answer
    folder = try TemporaryDirectory()
    try folder.write("nameserver 127.0.0.1\n", to: "resolv.conf")
    try folder.write("hosts: dns\n", to: "nsswitch.conf")
    responder = try DatagramResponder(socket) { query in
      Self.reply(to: query.bytes, answer.address.withLock { $0 })
    }
  }

  /// The address from now on; nil for a server that fails.
  public var address: IPAddress? {
    get { answer.address.withLock { $0 } }
    set { answer.address.withLock { $0 = newValue } }
  }

  /// The files that let a process ask this server, by the files of the system that they stand for.
  public var files: [String: String] {
    ["/etc/resolv.conf": "\(folder.path)/resolv.conf", "/etc/nsswitch.conf": "\(folder.path)/nsswitch.conf"]
  }

  private static let headerSize = 12

  /// The answer to a query of one question. Nil where it is none.
  private static func reply(to query: [UInt8], _ address: IPAddress?) -> [UInt8]? {
    guard query.count > headerSize, let nameEnd = query[headerSize...].firstIndex(of: 0), query.count >= nameEnd + 5
    else { return nil }
    let question = query[headerSize..<(nameEnd + 5)]
    let isForV4 = question.suffix(4) == [0, 1, 0, 1]
    let failure: UInt8 = address == nil ? 2 : 0
    let answers: UInt8 = isForV4 && address != nil ? 1 : 0
    // An answer, recursion available; one question.
    var reply = query[..<2] + [0x81, 0x80 | failure, 0, 1, 0, answers, 0, 0, 0, 0] + question
    if let address, answers > 0 {
      // The name of the question, an address of the Internet, for a second, 4 bytes.
      reply += [0xc0, UInt8(headerSize), 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]
      reply += (0..<4).map { UInt8(truncatingIfNeeded: address.v4 >> (24 - 8 * $0)) }
    }
    return Array(reply)
  }
}
