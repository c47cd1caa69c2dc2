import Dispatch
import FilterKit
import Logging
import Operations
import Synchronization
import TestNetwork
import Testing

@Suite struct AdminServerTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private let loopback = SocketAddress(literal: "127.0.0.1:0")

  private func pages(_ readiness: @escaping @Sendable () -> AdminPages.Readiness = { .ready() }) -> AdminPages {
    AdminPages(
      metrics: { "a 1\n" }, readiness: readiness, configuration: { $0 ? "tokens: shown\n" : "tokens: hidden\n" })
  }

  /// Requests run on a thread of their own: they wait, and the tasks' threads are few.
  private func answers<Value: Sendable>(
    _ pages: AdminPages, at address: SocketAddress? = nil,
    to requests: @escaping @Sendable (SocketAddress) throws -> Value
  ) async throws -> Value {
    try await AdminServer(address ?? loopback, pages: pages, logger: logger).serve { server in
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(returning: Result { try requests(server) }) }
      }
    }.get()
  }

  @Test(
    "Each page has its text, type and status",
    arguments: [
      ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "a 1\n"),
      ("/live", 200, "text/plain; charset=utf-8", "live\n"),
      ("/ready", 200, "text/plain; charset=utf-8", "ready\n"),
      ("/config", 200, "application/yaml; charset=utf-8", "tokens: hidden\n"),
      ("/config?tokens=show", 200, "application/yaml; charset=utf-8", "tokens: shown\n"),
      ("/config?tokens=yes", 400, "text/plain; charset=utf-8", "'tokens' can only be 'show'\n"),
      ("/metric", 404, "text/plain; charset=utf-8", "there is no such page; / lists them\n"),
      ("/../etc/passwd", 404, "text/plain; charset=utf-8", "there is no such page; / lists them\n"),
    ])
  func page(target: String, status: Int, type: String, body: String) async throws {
    let answer = try await answers(pages()) { try HTTPAnswer.get(target, from: $0) }
    #expect(answer.status == status)
    #expect(answer.headers["content-type"] == type)
    #expect(answer.headers["cache-control"] == "no-store")
    #expect(answer.body == body)
  }

  @Test("The index lists the pages")
  func index() async throws {
    let answer = try await answers(pages()) { try HTTPAnswer.get("/", from: $0) }
    for page in ["/metrics", "/live", "/ready", "/config"] { #expect(answer.body.contains("\n\(page) ")) }
  }

  @Test("What is not ready answers 503 with the reason, and 200 as soon as it is")
  func readiness() async throws {
    let isReady = Flag()
    let pages = pages {
      isReady.value.load(ordering: .acquiring) ? .ready(detail: "path: sockets") : .notReady(reason: "starting")
    }
    let (before, after) = try await answers(pages) { server in
      let before = try HTTPAnswer.get("/ready", from: server)
      isReady.value.store(true, ordering: .releasing)
      return (before, try HTTPAnswer.get("/ready", from: server))
    }
    #expect(before.status == 503)
    #expect(before.body == "not ready: starting\n")
    #expect(after.status == 200)
    #expect(after.body == "ready\npath: sockets\n")
  }

  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  @Test("HEAD answers as GET does, without the body")
  func head() async throws {
    let answer = try await answers(pages()) { try HTTPAnswer.get("/metrics", from: $0, method: "HEAD") }
    #expect(answer.status == 200)
    #expect(answer.headers["content-length"] == "4")
    #expect(answer.body == "")
  }

  @Test("Only GET and HEAD are served", arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
  func methods(method: String) async throws {
    let answer = try await answers(pages()) { try HTTPAnswer.get("/config", from: $0, method: method) }
    #expect(answer.status == 405)
    #expect(answer.headers["allow"] == "GET, HEAD")
  }

  @Test("Bodies and large headers are refused, and the next request is served")
  func bounds() async throws {
    let (body, header, next) = try await answers(pages()) { server in
      (
        try HTTPAnswer.get("/live", from: server, headers: ["Content-Length: 5"], body: "hello"),
        try HTTPAnswer.get("/live", from: server, headers: ["X: " + String(repeating: "x", count: 40_000)]),
        try HTTPAnswer.get("/live", from: server)
      )
    }
    #expect(body.status == 413)
    #expect(header.status == 400)
    #expect(next.status == 200)
  }

  @Test("IPv6 is listened on")
  func ipv6() async throws {
    let answer = try await answers(pages(), at: SocketAddress(literal: "[::1]:0")) {
      try HTTPAnswer.get("/live", from: $0)
    }
    #expect(answer.status == 200)
  }

  @Test("An address in use is an error that names the options")
  func addressInUse() async throws {
    let logger = logger
    let pages = pages()
    let (address, error) = try await AdminServer(loopback, pages: pages, logger: logger).serve { address in
      do throws(AdminServerError) {
        try await AdminServer(address, pages: pages, logger: logger).serve { _ in }
        return (address, nil as AdminServerError?)
      } catch {
        return (address, error)
      }
    }
    #expect(
      error.map { "\($0)" } == "the admin server cannot listen on \(address): Address already in use; "
        + "choose another address with --admin, or none with --no-admin")
  }

  @Test("A client that stays connected and silent does not hold up the end")
  func silentClient() async throws {
    let client = try await answers(pages()) { server in try TCPConnection(to: server) }
    #expect(try client.receiveAll() == [])
  }
}
