public import FilterKit
import Filters

extension FilterRegistry {
  /// As an author's package has it: the filters of the proxy and some of its own.
  public static var authors: FilterRegistry {
    .builtin.adding(Peel.self, ConnectionID.self, GroupLimit.self, Stray.self, program: .compiled)
  }
}
