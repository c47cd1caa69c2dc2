/// What stands in the files of a new package with a filter.
struct FilterPackageTemplate {
  let name: String
  let command: String
  /// How a manifest names the package of this proxy.
  let dependency: String

  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(name)Filter/\(name).swift", filter),
      ("Sources/\(name)Filter/\(name)Program.swift", program), ("Sources/\(command)/main.swift", main),
      ("Sources/demo/main.swift", demo), ("Tests/\(name)Tests/\(name)Tests.swift", tests),
      ("Tests/\(name)Tests/cases.yaml", cases), ("proxy.yaml", configuration), ("Makefile", makefile),
      ("README.md", readme), (".gitignore", ".build/\n"),
    ]
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let package = Package(
      name: "\(name)",
      products: [
        .executable(name: "\(command)", targets: ["\(command)"]),
        .library(name: "\(name)Filter", targets: ["\(name)Filter"]),
      ],
      dependencies: [
        \(dependency)
      ],
      targets: [
        // The filter. The plugin compiles its packet program into the kernel's program.
        .target(
          name: "\(name)Filter",
          dependencies: [
            .product(name: "FilterKit", package: "pinion"), .product(name: "Filters", package: "pinion"),
          ],
          plugins: [.plugin(name: "CompilePacketPrograms", package: "pinion")]),
        // The whole command, with the filter in it.
        .executableTarget(
          name: "\(command)", dependencies: ["\(name)Filter", .product(name: "ProxyCommand", package: "pinion")]),
        .executableTarget(name: "demo", dependencies: [.product(name: "FilterTesting", package: "pinion")]),
        .testTarget(
          name: "\(name)Tests", dependencies: ["\(name)Filter", .product(name: "FilterTesting", package: "pinion")],
          exclude: ["cases.yaml"]),
      ]
    )

    """
  }

  private var filter: String {
    """
    public import FilterKit
    import Filters

    /// Lets datagrams through that end with a byte, and takes it off.
    public struct \(name): PacketProgramFilter {
      public typealias Program = \(name)Program
      public static let name = "\(name)"
      public static let summary = "Lets datagrams through that end with a byte, and takes it off."
      public static let dropReasons = ["wrong_last_byte"]
      /// Packets from servers pass as they are.
      public static let directions: Directions = .read
      public let program: \(name)Program.Options

      public init(options: inout Options, context: inout FilterContext) {
        program = \(name)Program.Options(last: UInt64(options.integer("last", in: 0...255)))
      }
    }

    extension FilterRegistry {
      /// The proxy's own filters and `\(name)`.
      public static var with\(name): FilterRegistry { .builtin.adding(\(name).self, program: .compiled) }
    }

    """
  }

  private var program: String {
    """
    public import FilterKit

    /// What `\(name)` does with a packet, on sockets and in the kernel.
    public enum \(name)Program: PacketProgram {
      public struct Options: BitwiseCopyable, Sendable {
        /// The byte that datagrams end with.
        var last: UInt64
      }

      public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
        guard packet.load(at: packet.count &- 1, size: 1) == options.last, packet.removeLast(1) else { return .drop(.custom(0)) }
        return .forward
      }
    }

    """
  }

  private var main: String {
    """
    import \(name)Filter
    import ProxyCommand

    await Proxy.main(filters: .with\(name))

    """
  }

  private var demo: String {
    """
    import FilterTesting

    // A client, the proxy and a server, each in a network of its own: what the sockets carry, and what the kernel does.
    PathDemo(command: "\(command)", configuration: "proxy.yaml", datagrams: ["hello!", "no mark"]).main()

    """
  }

  private var tests: String {
    """
    import FilterTesting
    import Testing
    import \(name)Filter

    @Suite struct \(name)Tests {
      /// The sockets and the kernel must agree about every packet, or `read` throws.
      @Test func theMarkIsTakenOff() throws {
        let trial = try FilterTrial(filters: .with\(name), chain: "- {name: \(name), config: {last: 0x21}}")
        #expect(try trial.read("hello!").payload == "hello")
        #expect(try trial.read("hello").verdict == .drop(.custom(0)))
        #expect(trial.kernelRefusal == nil)
      }

      /// What the filter does, example by example, in a form that is its documentation too.
      @Test(arguments: try FilterCases(at: "cases.yaml", filters: .with\(name)))
      func cases(_ example: FilterCase) throws { try example.run() }

      /// Random chains with the filter in them, and random packets, through both paths.
      @Test func thePathsAgree() throws {
        let sample = "{name: \(name), config: {last: 0x21}}"
        try Differential(filters: .with\(name), including: [sample], payloads: ["hello!", "!"], packets: 2_000).run()
      }
    }

    """
  }

  private var cases: String {
    """
    - name: the mark is taken off, on the way to the server
      filters: [{name: \(name), config: {last: 0x21}}]
      steps:
        - {read: "hello!", payload: hello}
        - {read: "!", payload: ""}
        - {write: "hello!"}
    - name: without the mark there is no way through
      filters: [{name: \(name), config: {last: 0x21}}]
      steps:
        - {read: hello, drop: wrong_last_byte}
        - {read: "", drop: wrong_last_byte}
      counters: {\(name): {wrong_last_byte: 2}}
    - name: the mark must be given
      filters: [{name: \(name)}]
      errors: ["1:2: missing key 'last' in 'config'"]

    """
  }

  private var configuration: String {
    """
    version: v1alpha1
    filters:
      - name: \(name)
        config: {last: 0x21}   # "!"
    clusters:
      - endpoints:
          # Where the demo has its server.
          - address: 10.1.0.3:26001

    """
  }

  private var makefile: String {
    """
    SWIFT ?= swift

    .PHONY: build test demo-ebpf
    build: ## Build the proxy with the filter
    \t$(SWIFT) build

    test: ## Run the tests; as root those in the kernel too
    \t$(SWIFT) test

    demo-ebpf: build ## Send datagrams through both paths; needs root
    \t@"$$($(SWIFT) build --show-bin-path)/demo"

    """
  }

  private var readme: String {
    """
    # \(name)

    A filter for the UDP proxy Pinion, and a proxy that has it.

    ```
    swift test                                           # as root, the kernel's program is tested too
    swift run \(command) filters \(name)
    swift run \(command) explain --config proxy.yaml     # which filter runs where, and why
    sudo make demo-ebpf                                  # datagrams through both paths
    ```

    `Sources/\(name)Filter/\(name)Program.swift` is what is done with each packet: the sockets run it, and the kernel.
    `Sources/\(name)Filter/\(name).swift` is the filter: its name and its options.

    """
  }
}
