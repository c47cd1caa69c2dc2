import FilterKit

/// What the kernel path has to know of this host's network, as it was at one time.
struct NetworkView: Equatable {
  /// The interfaces that take the program, or why none can.
  let choice: Result<InterfaceChoice, KernelPathError>
  /// From which address packets to a server leave; nil inside where none does.
  let sources: [SocketAddress: IPAddress?]
  private let listening: [SocketAddress]

  /// - Parameter leavesOut: whether an interface that was asked for and is not there is left out.
  init(
    _ options: KernelPathOptions, _ listening: [SocketAddress], _ servers: some Sequence<SocketAddress>, leavesOut: Bool
  ) {
    self.listening = listening
    var sources: [SocketAddress: IPAddress?] = [:]
    for server in servers { sources[server] = .some(SourceAddress.toward(server)) }
    self.sources = sources
    do throws(KernelPathError) {
      choice = .success(
        try InterfaceChoice(
          options.interfaces, listening, sources: Set(sources.values.compactMap(\.self)), leavesOut: leavesOut))
    } catch {
      choice = .failure(error)
    }
  }

  /// As it is now.
  func now(_ options: KernelPathOptions) -> NetworkView {
    NetworkView(options, listening, sources.keys, leavesOut: true)
  }

  static func == (a: NetworkView, b: NetworkView) -> Bool {
    let (first, second) = (try? a.choice.get(), try? b.choice.get())
    return a.sources == b.sources && first?.interfaces == second?.interfaces && first?.listeners == second?.listeners
  }
}

extension [SocketAddress: IPAddress?] {
  /// Whether both say the same of every server that both know.
  func agrees(with other: Self) -> Bool {
    other.allSatisfy { server, source in self[server].map { $0 == source } ?? true }
  }
}
