package import FilterKit
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a running proxy for its admin pages, each over a connection of its own.
package struct AdminClient: Sendable {
  /// A page, whatever its status.
  package struct Answer: Sendable {
    /// The status of HTTP, for example 200.
    package let status: Int
    package let body: [UInt8]
  }

  private let address: FilterKit.SocketAddress

  /// The largest page is that of the metrics, which ends with the family that reaches 16 MiB.
  private static let sizeLimit = 32 << 20
  private static let timeLimit: TimeAmount = .seconds(5)

  package init(_ address: FilterKit.SocketAddress) { self.address = address }

  /// Gets a page. A task that is cancelled does not wait for it any longer.
  ///
  /// - Parameter target: the path, for example `/metrics`.
  package func get(_ target: String) async throws(AdminClientError) -> Answer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    // Given once: by what comes first.
    let answer = loop.makePromise(of: Answer.self)
    let connection = connect(on: loop, target, answer)
    connection.whenFailure { answer.fail($0) }
    let limit = loop.scheduleTask(in: Self.timeLimit) { answer.fail(TimeOver()) }
    defer {
      limit.cancel()
      connection.whenSuccess { $0.close(promise: nil) }
    }
    do {
      return try await withTaskCancellationHandler {
        try await answer.futureResult.get()
      } onCancel: {
        answer.fail(CancellationError())
      }
    } catch {
      throw AdminClientError(address: address, reason: Self.reason(error))
    }
  }

  private func connect(
    on loop: any EventLoop, _ target: String, _ answer: EventLoopPromise<Answer>
  ) -> EventLoopFuture<any Channel> {
    let host = "\(address)"
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(Self.timeLimit).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHTTPClientHandlers()
        try pipeline.addHandlers([
          NIOHTTPClientResponseAggregator(maxContentLength: Self.sizeLimit), Exchange(target, host: host, answer),
        ])
      }
    }
    do {
      return bootstrap.connect(
        to: try NIOCore.SocketAddress(ipAddress: "\(address.ip)", port: Int(address.port)))
    } catch {
      return loop.makeFailedFuture(error)
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case is TimeOver, ChannelError.connectTimeout: "no answer within \(timeLimit.nanoseconds / 1_000_000_000) seconds"
    case ChannelError.eof: "the connection was closed without an answer"
    case is HTTPParserError: "what answers there does not speak HTTP"
    case is NIOHTTPObjectAggregatorError: "the answer is larger than \(sizeLimit >> 20) MiB"
    default: "\(error)"
    }
  }
}

private struct TimeOver: Error {}

/// One request and its answer.
private final class Exchange: ChannelInboundHandler {
  typealias InboundIn = NIOHTTPClientResponseFull
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let answer: EventLoopPromise<AdminClient.Answer>

  init(_ target: String, host: String, _ answer: EventLoopPromise<AdminClient.Answer>) {
    head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: target, headers: ["host": host, "connection": "close"])
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let response = unwrapInboundIn(data)
    let body = response.body.map { Array($0.readableBytesView) } ?? []
    answer.succeed(AdminClient.Answer(status: Int(response.head.status.code), body: body))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }

  func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }
}
