import CSys
import Glibc

/// The limit of open files, which bounds the source ports and so the sessions of one server.
enum DescriptorLimit {
  /// Raises the limit as far as it may be; says so where sessions could meet it.
  static func raise(for options: SocketPathOptions) -> [String] {
    // A worker needs a few besides its source ports; more than 65,536 ports a family there are not.
    let wanted = rlim_t(min(options.maxSessions, 2 * 65_536) + 64 + 16 * options.workers)
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    guard limit.rlim_cur < wanted else { return [] }
    var raised = rlimit(rlim_cur: wanted, rlim_max: max(limit.rlim_max, wanted))
    if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { return [] }
    raised = rlimit(rlim_cur: min(wanted, limit.rlim_max), rlim_max: limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
    guard raised.rlim_cur < wanted else { return [] }
    return [
      "at most \(raised.rlim_cur) files may be open, so one server can have about as many sessions; "
        + "raise the limit (ulimit -n, LimitNOFILE=) or lower --max-sessions to \(raised.rlim_cur)"
    ]
  }
}
