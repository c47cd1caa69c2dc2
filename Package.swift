// swift-tools-version: 6.2
import PackageDescription

// In CI a warning is an error. It is a setting of our own targets: dependencies are none of our business.
let strictness: [SwiftSetting] = Context.environment["CI"] == "true" ? [.treatAllWarnings(as: .error)] : []
let swift: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + strictness
// The views over a packet cannot be stored. The attribute behind that is still experimental, and swift-nio, swift-system
// and swift-collections build on it too. Only the kit sets it: authors of filters need no flag.
let lifetimes = swift + [.enableExperimentalFeature("Lifetimes")]

// Each filter has its page and its cases beside its source.
let filterDocuments = [
  "Capture", "Compress", "Concatenate", "Debug", "Drop", "Firewall", "HashedTokenRouter", "LoadBalancer",
  "LocalRateLimit", "Match", "PacketSize", "Pass", "Timestamp", "TokenRouter",
].flatMap { ["\($0)/README.md", "\($0)/cases.yaml"] }

let package = Package(
  name: "pinion",
  products: [
    .executable(name: "proxy", targets: ["proxy"]),
    .library(name: "FilterKit", targets: ["FilterKit"]),
    // For a proxy with filters of one's own.
    .library(name: "ProxyCommand", targets: ["ProxyCommand"]),
    .library(name: "Filters", targets: ["Filters"]),
    // For a target with packet programs of one's own.
    .plugin(name: "CompilePacketPrograms", targets: ["CompilePacketPrograms"]),
    // For the tests of filters.
    .library(name: "FilterTesting", targets: ["FilterTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    // Both come with Hummingbird.
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.0.0"),
  ],
  targets: [
    // C: system libraries, system calls, and what C and Swift share.
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CBpf", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev", "libelf-dev"])]),
    .target(name: "CSys"),
    .target(name: "CDataPath", path: "bpf/shared"),

    .target(name: "PacketKit", dependencies: ["CDataPath"], swiftSettings: lifetimes),
    .target(name: "FilterKit", dependencies: ["PacketKit", "CDataPath", "CSys"], swiftSettings: lifetimes),
    .target(
      name: "Filters", dependencies: ["FilterKit", "PacketKit", "CPCRE2", "CSnappy", "CLZ4"], path: "filters",
      exclude: filterDocuments, swiftSettings: swift, plugins: ["CompilePacketPrograms"]),
    .plugin(name: "CompilePacketPrograms", capability: .buildTool(), dependencies: ["CompilePrograms"]),
    // Compiles the kernel's program: at build, on the machine that builds.
    .executableTarget(name: "CompilePrograms", swiftSettings: swift),
    .target(
      name: "ProxyConfiguration", dependencies: ["FilterKit", "CLibYAML"], swiftSettings: swift),
    .target(name: "DataPath", dependencies: ["FilterKit", "CSys"], swiftSettings: swift),
    .target(
      name: "SocketPath",
      dependencies: ["DataPath", "FilterKit", "CSys"], swiftSettings: lifetimes),
    .target(
      name: "KernelPath",
      dependencies: ["CBpf", "CDataPath", "CSys", "DataPath", "FilterKit"],
      swiftSettings: lifetimes),
    .target(
      name: "Operations",
      dependencies: [
        "ProxyConfiguration", "SocketPath", "KernelPath", "DataPath", "FilterKit", "CSys",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    // Apart from what uses the system's structures: with all of NIO in view, they are NIO's.
    .target(
      name: "AdminRequests",
      dependencies: [
        "FilterKit",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: swift),
    .target(
      name: "ProxyCommand",
      dependencies: [
        "AdminRequests", "Operations", "ProxyConfiguration", "SocketPath", "KernelPath", "DataPath", "FilterKit",
        "CSys",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .executableTarget(name: "proxy", dependencies: ["ProxyCommand", "Filters"], swiftSettings: swift),
    .executableTarget(
      name: "Demo", dependencies: ["TestNetwork", "FilterKit"], path: "examples/Demo", swiftSettings: swift),
    // The programs that it measures are compiled by the script beside it.
    .executableTarget(
      name: "KernelCost",
      dependencies: [
        "KernelPath", "Filters", "FilterKit", "ProxyConfiguration", "BPFInterpreter", "CBpf", "CDataPath",
      ],
      path: "Benchmarks/kernel-path/Cost", swiftSettings: swift),

    .testTarget(name: "CompileProgramsTests", dependencies: ["CompilePrograms", "TestNetwork"], swiftSettings: swift),
    .testTarget(name: "FilterKitTests", dependencies: ["FilterKit", "PacketKit"], swiftSettings: swift),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["ProxyConfiguration", "Filters", "FilterKit", "PacketKit"],
      swiftSettings: swift),
    .testTarget(
      name: "SocketPathTests",
      dependencies: ["SocketPath", "DataPath", "ProxyConfiguration", "FilterKit", "TestNetwork"],
      swiftSettings: swift),
    .testTarget(
      name: "KernelPathTests",
      dependencies: [
        "AuthorFilters", "DataPath", "ProxyConfiguration", "SocketPath", "TestNetwork", "KernelPath", "FilterTesting",
        "BPFInterpreter", "Filters", "FilterKit", "CDataPath", "CBpf",
      ],
      swiftSettings: swift),
    // Test kit: runs a program without the kernel.
    .target(name: "BPFInterpreter", path: "Tests/BPFInterpreter", swiftSettings: swift),
    // Test kit: filters with packet programs of their own, as a package of somebody else's has them.
    .target(
      name: "AuthorFilters", dependencies: ["Filters", "FilterKit"], path: "Tests/AuthorFilters", swiftSettings: swift,
      plugins: ["CompilePacketPrograms"]),
    // What this package and those of filters' authors test filters with.
    .target(
      name: "FilterTesting",
      dependencies: [
        "FilterKit", "PacketKit", "ProxyConfiguration", "DataPath", "SocketPath", "KernelPath", "CDataPath",
        "TestNetwork",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "FilterTestingTests",
      dependencies: ["AuthorFilters", "FilterTesting", "Filters", "FilterKit", "TestNetwork"],
      swiftSettings: swift),
    .testTarget(
      name: "FiltersTests", dependencies: ["FilterTesting", "ProxyConfiguration", "Filters", "FilterKit", "PacketKit"],
      swiftSettings: swift),
    .testTarget(
      name: "OperationsTests",
      dependencies: [
        "Operations", "ProxyConfiguration", "Filters", "FilterKit", "TestNetwork",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "ProxyCommand", "Operations", "ProxyConfiguration", "FilterKit", "TestNetwork", "CBpf", "proxy",
        "CrashingProxy",
      ],
      swiftSettings: swift),
    // Test kit: the command with a filter that crashes.
    .executableTarget(
      name: "CrashingProxy", dependencies: ["ProxyCommand", "FilterKit"], path: "Tests/CrashingProxy",
      swiftSettings: swift),
    // Test kit: real network namespaces, sockets and processes.
    .target(name: "CTestNetwork", path: "Tests/CTestNetwork"),
    .target(
      name: "TestNetwork", dependencies: ["FilterKit", "CTestNetwork"], path: "Tests/TestNetwork", swiftSettings: swift),
    .testTarget(name: "TestNetworkTests", dependencies: ["TestNetwork", "FilterKit"], swiftSettings: swift),
    // The folder Counter is built by the tests themselves: it must not be linked into anything.
    .testTarget(
      name: "AllocationTests", dependencies: ["TestNetwork", "FilterKit"], exclude: ["Counter"], swiftSettings: swift),
  ]
)
