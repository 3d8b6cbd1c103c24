from fata.dsl import JOB, KV_RO, STACK, main, register, secrets, socket_stack

register(
    "keyed",
    main("keyed:start", KV_RO >> STACK >> JOB)(
        secrets(requires=["signing-key"]),
        socket_stack(),
    ),
)
