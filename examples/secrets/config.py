from fata.dsl import JOB, KV_RO, STRING, argument, main, register, secrets

text = argument("text", STRING, "hello", "what is signed")

register(
    "secrets",
    main("signed:start", KV_RO >> JOB, text=text)(secrets(requires=["signing-key"])),
)
