/// The release that this is, as `proxy --version` and `proxy_build_info` say it.
public let proxyVersion = "0.1.0"
