// Cost of one packet in the program that the proxy loads, for each filter alone and for chains, against programs by hand.
import Glibc

let arguments = CommandLine.arguments
func number(_ place: Int, default value: Int) -> Int {
  arguments.count > place ? Int(arguments[place]) ?? value : value
}
guard arguments.count > 1 else {
  print(
    """
    usage: KernelCost DIRECTORY [ROUNDS [LOADS [CHAIN...]]]   cost by chain, with the programs that `run` compiles
           KernelCost --load FILTERS                          what the verifier walks for a chain, as YAML
           KernelCost --worst [CHAINS]                        looks for the chain that the verifier walks longest
    """)
  exit(2)
}
do {
  if arguments[1] == "--load" {
    let clock = ContinuousClock()
    let start = clock.now
    let found = try WorstChainSearch.measure(arguments.dropFirst(2).map { String($0) })
    print(found.map { "\($0.verified) walked of \($0.instructions), \(clock.now - start)" } ?? "left to the sockets")
  } else if arguments[1] == "--worst" {
    var search = WorstChainSearch()
    try search.run(number(2, default: 1_000))
    print("\(search.tried) chains loaded, \(search.refused) left to the sockets")
  } else {
    try CostReport(
      directory: arguments[1], rounds: number(2, default: 4_000), loads: number(3, default: 5),
      chosen: Set(arguments.dropFirst(4))
    ).run()
  }
} catch {
  print("KernelCost: \(error)")
  exit(1)
}
