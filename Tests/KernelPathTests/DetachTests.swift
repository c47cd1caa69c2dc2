import FilterKit
import KernelPath
import Synchronization
import TestNetwork
import Testing

/// The kernel path goes and comes in the middle of traffic.
@Suite(.requiresNamespaces, .serialized) struct DetachTests {
  @Test func neitherClientNorServerNotices() throws {
    let addresses = ["10.1.0.3:9000", "10.3.0.2:9000", "[fd04::2]:9000"]
    let paths = try LivePaths(addresses)
    let network = paths.network
    let servers = try zip(addresses, [network.near, network.far, network.six]).map {
      try EchoServer(bind: $0, in: $1)
    }
    let player = try Player(.v4, in: network)
    let count = servers.count
    let answers = Mutex<[[UInt8]]>([])
    @Sendable func takeAnswers() throws {
      while let answer = try player.socket.receiveNow() {
        #expect(answer.source == player.proxy)
        answers.withLock { $0.append(answer.bytes) }
      }
    }
    // Takes the answers as they come: a slow machine sends more than the socket has room for.
    let stream = try PacketStream {
      try player.send("\($0)", to: $0 % count)
      try takeAnswers()
    }
    func awaitPackets(_ more: Int) {
      let target = stream.sent + more
      #expect(eventually { stream.sent >= target })
    }
    awaitPackets(100)
    for _ in 0..<3 {
      let before = paths.bySockets
      awaitPackets(100)
      #expect(paths.bySockets - before <= 2 * UInt64(count), "the kernel carries them")
      paths.kernel.stop()
      #expect(try !network.isAnyProgramAttached())
      let between = paths.bySockets
      awaitPackets(100)
      #expect(paths.bySockets - between >= 100, "the sockets carry them")
      try paths.attach()
      #expect(try network.isAnyProgramAttached())
      awaitPackets(20)
    }
    let sent = try stream.stop()
    // Not one was lost on its way there, and not one on its way back.
    #expect(eventually { servers.reduce(0) { $0 + $1.received } == sent })
    #expect(
      try eventually {
        try takeAnswers()
        return answers.withLock { $0.count } >= sent
      })
    let taken = answers.withLock { $0 }
    #expect(taken.count == sent)
    #expect(Set(taken).count == taken.count, "some came twice")
    for server in servers { #expect(server.sources.count == 1) }
  }
}
