import FilterKit

/// A program that runs, with its interfaces and the sheet that its counters go to.
struct ActiveProgram {
  let program: KernelProgram
  var attachments: [Attachment] = []
  private let plan: ChainPlan
  private let sheet: CounterSheet

  init(_ program: KernelProgram, _ plan: ChainPlan, _ metrics: Metrics) {
    self.program = program
    self.plan = plan
    sheet = metrics.makeSheet()
  }

  func refreshCounters() { program.counters.write(to: sheet, of: plan) }
}

extension KernelProgram {
  /// Writes the endpoints and their tokens. `number` gives the number of an endpoint.
  func fill(_ routing: RoutingTable, number: (SocketAddress) -> UInt32) throws(KernelPathError) {
    var owners: [[UInt8]: [UInt32]] = [:]
    for endpoint in routing.endpoints {
      // A token longer than the chain can capture routes nothing.
      for token in Set(endpoint.tokens) where token.count <= Self.maximumToken {
        owners[token, default: []].append(number(endpoint.address))
      }
    }
    for (token, endpoints) in owners { try setToken(token, endpoints: endpoints) }
    try setEndpoints(routing.endpoints.map { number($0.address) })
  }
}
