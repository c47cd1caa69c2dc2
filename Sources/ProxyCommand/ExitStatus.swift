/// What the process ends with.
enum ExitStatus: Int32 {
  case stoppedAsAsked = 0
  case badConfiguration = 1
  case badUsage = 2
  /// An address could not be listened on.
  case cannotListen = 3
  /// A proxy answers, and says that traffic should not be sent to it.
  case notReady = 4
  /// Something that cannot happen (EX_SOFTWARE of sysexits.h).
  case bug = 70

  /// No proxy answers on an address.
  static let unreachable = cannotListen
}
