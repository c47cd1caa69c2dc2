import Glibc
public import Testing

extension NetworkNamespace {
  /// Why this process cannot make network namespaces, in words. Nil where it can.
  public static let unavailability: String? = {
    do {
      _ = try NetworkNamespace()
      return nil
    } catch {
      return "network namespaces need root (CAP_SYS_ADMIN) and the command ip: \(error)"
    }
  }()
}

extension Trait where Self == ConditionTrait {
  /// The test makes network namespaces. Where it cannot, it is skipped with the reason; in CI (`CI=true`) it fails.
  public static var requiresNamespaces: Self {
    .enabled(NetworkNamespace.unavailability.map { Comment(rawValue: $0) }) {
      guard let reason = NetworkNamespace.unavailability else { return true }
      if getenv("CI").map({ String(cString: $0) }) == "true" { throw MissingCapability(description: reason) }
      return false
    }
  }
}

/// CI runs where something is missing that its tests need.
struct MissingCapability: Error, CustomStringConvertible {
  let description: String
}
