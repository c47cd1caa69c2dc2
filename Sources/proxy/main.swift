import Filters
import ProxyCommand

await Proxy.main(filters: .builtin)
