from fata.dsl import PORT, argument, program, register

port = argument("port", PORT, 7007, "the TCP port to echo on")

register("ipv6", program("ipv6:main", port=port))
