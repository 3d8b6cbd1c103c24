from fata.dsl import (
    JOB,
    KV_RO,
    WORDS,
    argument,
    block,
    choice,
    fat_kv_ro,
    key,
    kv_ro,
    main,
    match_impl,
    register,
    tar_kv_ro,
)

store = key("store", choice("packed", "tar", "fat"), "packed", "what keeps the texts")
keys = argument(
    "keys", WORDS, ("greetings/hamburg", "greetings/kiel"), "the keys whose values are compared"
)

disk = block("texts", read_only=True)
texts = match_impl(store, {"tar": tar_kv_ro(disk), "fat": fat_kv_ro(disk)}, default=kv_ro("texts"))

register("kv-ro", main("compare:start", KV_RO >> JOB, keys=keys)(texts))
