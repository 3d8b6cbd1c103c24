from fata.dsl import (
    JOB,
    KV_RW,
    STRING,
    argument,
    block,
    block_kv_rw,
    encrypted_block,
    main,
    register,
    tar_kv_ro,
)

word = argument("word", STRING, doc="a word to keep")

keys = tar_kv_ro(block("keys", read_only=True))
disk = encrypted_block(block("secrets", size="256KiB"), keys, mode="gcm")
sealed = main("sealed:start", KV_RW >> JOB, word=word)

register("sealed", sealed(block_kv_rw(disk)))
