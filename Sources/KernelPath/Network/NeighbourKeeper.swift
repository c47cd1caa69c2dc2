import CDataPath
import CSys
import FilterKit
import Glibc
import Synchronization

/// Keeps the kernel's neighbours fresh where the program sends to them.
///
/// What leaves from XDP does not count as use of a neighbour. Its entry would go stale and stay so: nobody would ask whether it is
/// still there under its link address, and one that went away would be sent to for ever. So the kernel is told of the use at
/// intervals, and asks as it does for any packet of its own.
final class NeighbourKeeper: Sendable {
  private let job: PeriodicJob
  private let watch: Watch

  init(every interval: Duration) throws(KernelPathError) {
    watch = try Watch()
    job = try PeriodicJob("neighbours", every: interval) { [watch] in watch.look() }
  }

  /// The maps that say which neighbours are in use.
  var maps: KernelMaps? {
    get { watch.maps.withLock { $0 } }
    set { watch.maps.withLock { $0 = newValue } }
  }

  private final class Watch: Sendable {
    let maps = Mutex<KernelMaps?>(nil)
    private let socket: Int32

    /// Longer than the program goes without a look-up for a session that has packets.
    private static let useLasts: UInt64 = 5_000_000_000

    init() throws(KernelPathError) {
      socket = csys_routing_socket()
      guard socket >= 0 else { throw .system(call: "opening of a routing socket", errno: errno) }
    }

    deinit { close(socket) }

    func look() {
      guard let maps = maps.withLock({ $0 }) else { return }
      let now = SystemClock.monotonic
      var unused: [neighbour_key] = []
      maps.neighbours.forEach { key, used in
        if used &+ Self.useLasts < now {
          unused.append(key)
        } else {
          withUnsafeBytes(of: key.address) { address in
            let bytes = address.assumingMemoryBound(to: UInt8.self)
            // One that cannot be asked for now is asked for the next time.
            _ = csys_use_neighbour(socket, key.interface, Self.isV4(bytes), bytes.baseAddress)
          }
        }
      }
      for key in unused { maps.neighbours.remove(key) }
    }

    private static func isV4(_ address: UnsafeBufferPointer<UInt8>) -> Bool {
      address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xff && address[11] == 0xff
    }
  }
}
