/// Parts of the help that several commands have.
enum ManualParts {
  static let exitCodes = """
    EXIT CODES:
      0   stopped as asked
      1   the configuration is bad
      2   the command line or the environment is bad
      3   an address could not be listened on or reached, or no program
          attached as required
      4   'proxy status': the proxy is not ready
      70  a bug: please report it
    """
}
