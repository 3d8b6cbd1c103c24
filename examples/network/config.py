from fata.dsl import JOB, PORT, STACK, argument, main, network, register, socket_stack

port = argument("port", PORT, 8080, "the TCP port to listen on")

register("network", main("network:start", STACK >> JOB, port=port)(socket_stack(network())))
