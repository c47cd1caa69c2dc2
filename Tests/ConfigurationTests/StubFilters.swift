import FilterKit

/// Filters that read the options of the real ones and do nothing, so that these tests need no filter's inside.
enum StubFilters {
  static let registry = FilterRegistry([
    Capture.self, TokenRouter.self, LoadBalancer.self, Firewall.self, LocalRateLimit.self, Match.self, Concatenate.self,
    Compress.self, Drop.self, Pass.self,
  ])

  struct Capture: Filter {
    static let name = "Capture"
    static let aliases = ["quilkin.filters.capture.v1alpha1.Capture"]

    init(options: inout Options, context: inout FilterContext) {
      _ = context.key(options.string("metadataKey", default: "quilkin.dev/capture"), setOn: .read)
      for affix in ["prefix", "suffix"] {
        _ = options.object(affix) { ($0.integer("size", in: 0...65_507), $0.boolean("remove", default: false)) }
      }
      _ = options.object("regex") { $0.string("pattern") }
      let given = ["prefix", "suffix", "regex"].filter { options.has($0) }
      if given.count != 1 { options.report("expected exactly one of prefix, suffix and regex, found \(given.count)") }
    }
  }

  struct TokenRouter: Filter {
    static let name = "TokenRouter"
    static let aliases = [
      "quilkin.filters.token_router.v1alpha1.TokenRouter", "quilkin.filters.token_router.v1alpha1.HashedTokenRouter",
    ]

    init(options: inout Options, context: inout FilterContext) {
      _ = options.string("metadataKey", default: "quilkin.dev/capture")
    }
  }

  struct LoadBalancer: Filter {
    static let name = "LoadBalancer"
    static let aliases = ["quilkin.filters.load_balancer.v1alpha1.LoadBalancer"]
    enum Policy: String, CaseIterable {
      case roundRobin = "ROUND_ROBIN"
      case random = "RANDOM"
      case hash = "HASH"
      case consistentHash = "CONSISTENT_HASH"
    }

    init(options: inout Options, context: inout FilterContext) {
      _ = options.choice("policy", of: Policy.self, default: .roundRobin)
    }
  }

  struct Firewall: Filter {
    static let name = "Firewall"
    static let aliases = ["quilkin.filters.firewall.v1alpha1.Firewall"]
    enum Action: String, CaseIterable {
      case allow = "ALLOW"
      case deny = "DENY"
    }

    init(options: inout Options, context: inout FilterContext) {
      for direction in ["on_read", "on_write"] {
        _ = options.list(direction) { rule in
          _ = rule.choice("action", of: Action.self)
          _ = rule.strings("sources") { text throws(AddressError) in try CIDR(text) }
          _ = rule.strings("ports")
        }
      }
    }
  }

  struct LocalRateLimit: Filter {
    static let name = "LocalRateLimit"
    static let aliases = ["quilkin.filters.local_rate_limit.v1alpha1.LocalRateLimit"]

    init(options: inout Options, context: inout FilterContext) {
      _ = options.integer("max_packets", in: 0...Int.max)
      _ = options.integer("period", in: 1...4_294_967_295, default: 1)
    }
  }

  struct Match: Filter {
    static let name = "Match"
    static let aliases = ["quilkin.filters.match.v1alpha1.Match"]

    init(options: inout Options, context: inout FilterContext) {
      for direction in ["on_read", "on_write"] {
        _ = options.object(direction) { part in
          let key = context.key(part.string("metadataKey"))
          if direction == "on_write" { context.require(key, on: .write, at: part.mark(of: "metadataKey")) }
          _ = part.list("branches") { ($0.value("value"), context.filter(in: &$0)) }
          _ = part.object("fallthrough") { context.filter(in: &$0) }
        }
      }
    }
  }

  struct Concatenate: Filter {
    static let name = "Concatenate"
    static let aliases = ["quilkin.filters.concatenate.v1alpha1.Concatenate"]
    enum Strategy: String, CaseIterable {
      case append = "APPEND"
      case prepend = "PREPEND"
      case doNothing = "DO_NOTHING"
    }

    init(options: inout Options, context: inout FilterContext) {
      _ = options.choice("on_read", of: Strategy.self, default: .doNothing)
      _ = options.choice("on_write", of: Strategy.self, default: .doNothing)
      _ = options.base64("bytes")
    }
  }

  struct Compress: Filter {
    static let name = "Compress"
    static let aliases = ["quilkin.filters.compress.v1alpha1.Compress"]
    enum Mode: String, CaseIterable {
      case snappy = "SNAPPY"
      case lz4 = "LZ4"
    }
    enum Action: String, CaseIterable {
      case compress = "COMPRESS"
      case decompress = "DECOMPRESS"
      case doNothing = "DO_NOTHING"
    }

    init(options: inout Options, context: inout FilterContext) {
      _ = options.choice("mode", of: Mode.self, default: .snappy)
      _ = options.choice("on_read", of: Action.self, default: .doNothing)
      _ = options.choice("on_write", of: Action.self, default: .doNothing)
    }
  }

  struct Drop: Filter {
    static let name = "Drop"
    static let aliases = ["quilkin.filters.drop.v1alpha1.Drop"]
    init(options: inout Options, context: inout FilterContext) {}
  }

  struct Pass: Filter {
    static let name = "Pass"
    static let aliases = ["quilkin.filters.pass.v1alpha1.Pass"]
    init(options: inout Options, context: inout FilterContext) {}
  }
}
