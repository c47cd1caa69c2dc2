// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "ProxyProtocol",
  dependencies: [.package(name: "pinion", path: "../..")],
  targets: [
    .target(
      name: "ProxyProtocolFilter",
      dependencies: [
        .product(name: "FilterKit", package: "pinion"), .product(name: "Filters", package: "pinion"),
      ]),
    .testTarget(
      name: "ProxyProtocolTests",
      dependencies: ["ProxyProtocolFilter", .product(name: "FilterTesting", package: "pinion")],
      exclude: ["cases.yaml"]),
  ]
)
