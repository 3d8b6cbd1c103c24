from fata.dsl import (
    JOB,
    KV_RW,
    STRING,
    argument,
    block,
    block_kv_rw,
    choice,
    encrypted_block,
    key,
    main,
    match_impl,
    register,
    tar_kv_ro,
)

mode = key("mode", choice("gcm", "xts"), "gcm", "gcm detects changes, xts takes no space")
word = argument("word", STRING, doc="a word to keep")

keys = tar_kv_ro(block("keys", read_only=True))
disk = block("secrets", size="256KiB")
sealed_disk = match_impl(
    mode,
    {"xts": encrypted_block(disk, keys, mode="xts")},
    default=encrypted_block(disk, keys, mode="gcm"),
)
sealed = main("sealed:start", KV_RW >> JOB, word=word)

register("sealed", sealed(block_kv_rw(sealed_disk)))
