import ProxyCommand
import XORTokenFilter

await Proxy.main(filters: .withXORToken)
