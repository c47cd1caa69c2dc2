public import FilterKit
import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOPosix
import ServiceLifecycle

import protocol NIOCore.Channel
import struct NIOCore.IOError
import struct NIOCore.TimeAmount

/// Serves the admin pages over HTTP, on one thread and away from the packets.
public struct AdminServer: Sendable {
  private let address: SocketAddress
  private let pages: AdminPages
  private let logger: Logger

  /// Of the process, as the runtime's own threads: when all is served and closed, an actor may still have a job for it.
  private static let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Connections above this wait until another one is closed.
  private static let connectionLimit = 64

  /// A server for `address`; port 0 lets the system choose. It listens once `serve` is called.
  public init(_ address: SocketAddress, pages: AdminPages, logger: Logger) {
    self.address = address
    self.pages = pages
    var logger = logger
    // What HTTP has to say is for those who look for it.
    if logger.logLevel > .debug { logger.logLevel = max(logger.logLevel, .warning) }
    self.logger = logger
  }

  /// Listens, runs `body`, and closes when it is done. `body` is given the address that is really listened on.
  public func serve<Result: Sendable>(
    whileRunning body: @Sendable (SocketAddress) async -> Result
  ) async throws(AdminServerError) -> Result {
    let (bound, announcement) = AsyncStream.makeStream(of: SocketAddress.self)
    let address = address
    let application = Application(
      router: AdminRoutes(pages: pages).router(),
      server: .http1(configuration: Self.limits),
      configuration: ApplicationConfiguration(
        address: .hostname("\(address.ip)", port: Int(address.port)),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: logger)),
      onServerRunning: { channel in
        announcement.yield(SocketAddress(address.ip, port: UInt16(channel.localAddress?.port ?? 0)))
      },
      eventLoopGroupProvider: .shared(Self.threads), logger: logger)
    var lifecycle = ServiceGroupConfiguration(services: [application], logger: logger)
    // A client that does not read must not hold up the end.
    lifecycle.maximumGracefulShutdownDuration = .seconds(1)
    let group = ServiceGroup(configuration: lifecycle)

    // On that thread whatever becomes of the others: /live answers also where filters hold all threads of the tasks.
    let run = Task(executorPreference: EventLoopTaskExecutor(Self.threads.next())) {
      defer { announcement.finish() }
      try await group.run()
    }
    var result: Result?
    for await address in bound {
      result = await body(address)
      await group.triggerGracefulShutdown()
    }
    let end = await run.result
    // An error after the end of the body is one of closing connections, and changes nothing for anybody.
    if let result { return result }
    throw AdminServerError(address: address, reason: Self.reason(end))
  }

  private static var limits: HTTP1Channel.Configuration {
    HTTP1Channel.Configuration(
      idleTimeout: .seconds(30),
      httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64)
    )
  }

  private static func reason(_ end: Result<Void, any Error>) -> String {
    switch end {
    case .success: "it ended before it began"
    case .failure(let error as IOError): String(cString: strerror(error.errnoCode))
    case .failure(let error): "\(error)"
    }
  }
}
