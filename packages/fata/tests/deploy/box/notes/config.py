from fata.dsl import (
    JOB,
    KV_RW,
    STACK,
    STRING,
    argument,
    block,
    block_kv_rw,
    main,
    register,
    socket_stack,
)

say = argument("say", STRING, "hello", "what it notes down, and answers with all the rest")

register(
    "notes",
    main("notes:start", KV_RW >> STACK >> JOB, say=say)(
        block_kv_rw(block("notes", size="1MiB")),
        socket_stack(),
    ),
)
