/// What the process ends with.
enum ExitStatus: Int32 {
  case stoppedAsAsked = 0
  case badConfiguration = 1
  case badUsage = 2
  /// An address could not be listened on.
  case cannotListen = 3
  /// Something that cannot happen (EX_SOFTWARE of sysexits.h).
  case bug = 70
}
