import FilterKit
import ProxyCommand

await Proxy.main(filters: FilterRegistry([Crash.self]))
