import FilterTesting

// The token "one" under the mask 0x20, which turns small letters into capital ones; a token that no server has; and none.
PathDemo(command: "xor-token-proxy", configuration: "proxy.yaml", datagrams: ["helloONE", "helloTWO", "x"]).main()
