// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "TokenQuota",
  dependencies: [.package(name: "pinion", path: "../..")],
  targets: [
    .target(
      name: "TokenQuotaFilter",
      dependencies: [
        .product(name: "FilterKit", package: "pinion"), .product(name: "Filters", package: "pinion"),
      ],
      plugins: [.plugin(name: "CompilePacketPrograms", package: "pinion")]),
    .testTarget(
      name: "TokenQuotaTests", dependencies: ["TokenQuotaFilter", .product(name: "FilterTesting", package: "pinion")],
      exclude: ["cases.yaml"]),
  ]
)
