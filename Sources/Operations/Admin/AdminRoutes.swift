import HTTPTypes
import Hummingbird

/// The pages as routes.
struct AdminRoutes {
  let pages: AdminPages

  typealias Context = BasicRequestContext

  func router() -> Router<Context> {
    let pages = pages
    let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: PlainText())
    router.get("/") { _, _ in Response.text(Self.index) }
    router.get("/metrics") { _, _ in Response.text(pages.metrics(), type: PrometheusText.contentType) }
    router.get("/live") { _, _ in Response.text("live\n") }
    router.get("/ready") { _, _ in
      switch pages.readiness() {
      case .ready(let detail): Response.text("ready\n" + (detail.map { $0 + "\n" } ?? ""))
      case .notReady(let reason): Response.text("not ready: \(reason)\n", status: .serviceUnavailable)
      }
    }
    router.get("/config") { request, _ in
      let tokens = request.uri.queryParameters["tokens"]
      guard tokens == nil || tokens == "show" else {
        return Response.text("'tokens' can only be 'show'\n", status: .badRequest)
      }
      return Response.text(pages.configuration(tokens == "show"), type: "application/yaml; charset=utf-8")
    }
    return router
  }

  private static let index = """
    proxy \(proxyVersion)

    /metrics  counters, in Prometheus' text format
    /live     200 while the process runs
    /ready    200 while traffic may be sent here, 503 otherwise
    /config   the configuration that is applied now; /config?tokens=show does not hide the tokens

    """
}

/// Refuses what changes something, or brings something along; says in words what is not there.
private struct PlainText: RouterMiddleware {
  func handle(
    _ request: Request, context: AdminRoutes.Context,
    next: (Request, AdminRoutes.Context) async throws -> Response
  ) async throws -> Response {
    guard request.method == .get || request.method == .head else {
      var response = Response.text("only GET and HEAD are served here\n", status: .methodNotAllowed)
      response.headers[.allow] = "GET, HEAD"
      return response
    }
    let length = request.headers[.contentLength]
    guard length == nil || length == "0", request.headers[.transferEncoding] == nil else {
      return Response.text("a request has no body here\n", status: .contentTooLarge)
    }
    do {
      return try await next(request, context)
    } catch let error as HTTPError where error.status == .notFound {
      return Response.text("there is no such page; / lists them\n", status: .notFound)
    }
  }
}

extension Response {
  fileprivate static func text(
    _ text: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8"
  ) -> Response {
    let body = ByteBuffer(string: text)
    return Response(
      status: status, headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: body))
  }
}
