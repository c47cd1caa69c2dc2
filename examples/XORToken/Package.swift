// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "XORToken",
  dependencies: [.package(name: "pinion", path: "../..")],
  targets: [
    .target(
      name: "XORTokenFilter",
      dependencies: [
        .product(name: "FilterKit", package: "pinion"), .product(name: "Filters", package: "pinion"),
      ],
      plugins: [.plugin(name: "CompilePacketPrograms", package: "pinion")]),
    .executableTarget(
      name: "xor-token-proxy", dependencies: ["XORTokenFilter", .product(name: "ProxyCommand", package: "pinion")]),
    .executableTarget(name: "demo", dependencies: [.product(name: "FilterTesting", package: "pinion")]),
    .testTarget(
      name: "XORTokenTests", dependencies: ["XORTokenFilter", .product(name: "FilterTesting", package: "pinion")],
      exclude: ["cases.yaml"]),
  ]
)
