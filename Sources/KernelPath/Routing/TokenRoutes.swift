import CDataPath
import FilterKit

/// Where each token leads, in the order of the tokens as keys: what changes between two of them is found in one pass.
struct TokenRoutes: Equatable {
  struct Route {
    var key: token_key
    var target: KernelRouting.Target
  }

  private(set) var routes: [Route] = []
  var count: Int { routes.count }

  /// - Parameter endpoints: the tokens of each endpoint, with its number. The first endpoint of a token is the one that it leads to.
  init(_ endpoints: [(number: UInt32, tokens: [[UInt8]])]) {
    var pairs: [(key: token_key, place: UInt32)] = []
    pairs.reserveCapacity(endpoints.reduce(0) { $0 + $1.tokens.count })
    for (place, endpoint) in endpoints.enumerated() {
      // A token longer than the chain can capture routes nothing.
      for token in endpoint.tokens where token.count <= KernelMaps.maximumToken {
        pairs.append((KernelMaps.key(token), UInt32(place)))
      }
    }
    pairs.sort { $0.key == $1.key ? $0.place < $1.place : $0.key < $1.key }
    routes.reserveCapacity(pairs.count)
    var last: UInt32?
    for (key, place) in pairs {
      if let route = routes.last, route.key == key {
        if last != place { routes[routes.count - 1].target.count += 1 }
      } else {
        routes.append(Route(key: key, target: .init(endpoint: endpoints[Int(place)].number, count: 1)))
      }
      last = place
    }
  }

  /// Calls `added` with each route that is not in `old`, or leads elsewhere there, and `gone` with each token that is in `old` alone.
  func forEachChange(since old: TokenRoutes, added: (Route) -> Void, gone: (token_key) -> Void) {
    var at = 0
    for route in routes {
      while at < old.count, old.routes[at].key < route.key {
        gone(old.routes[at].key)
        at += 1
      }
      if at < old.count, old.routes[at].key == route.key {
        if old.routes[at].target != route.target { added(route) }
        at += 1
      } else {
        added(route)
      }
    }
    for route in old.routes[at...] { gone(route.key) }
  }

  /// How many different tokens there are in this one and another.
  func count(with other: TokenRoutes) -> Int {
    var count = count
    forEachChange(since: other, added: { _ in }, gone: { _ in count += 1 })
    return count
  }

  static func == (a: TokenRoutes, b: TokenRoutes) -> Bool {
    a.count == b.count && zip(a.routes, b.routes).allSatisfy { $0.key == $1.key && $0.target == $1.target }
  }
}

extension token_key {
  fileprivate static func == (a: token_key, b: token_key) -> Bool { a.tag == b.tag && a.words == b.words }
  fileprivate static func < (a: token_key, b: token_key) -> Bool { a.tag == b.tag ? a.words < b.words : a.tag < b.tag }
}
