from fata.dsl import (
    JOB,
    KV_RO,
    WORDS,
    argument,
    block,
    choice,
    directory_kv_ro,
    fat_kv_ro,
    key,
    kv_ro,
    main,
    match_impl,
    register,
    tar_kv_ro,
)

store = key(
    "store",
    choice("packed", "directory", "tar", "fat"),
    "packed",
    "what keeps the texts; a directory only as a process",
)
keys = argument(
    "keys", WORDS, ("greetings/hamburg", "greetings/kiel"), "the keys whose values are compared"
)

disk = block("texts", read_only=True)
texts = match_impl(
    store,
    {"directory": directory_kv_ro("texts"), "tar": tar_kv_ro(disk), "fat": fat_kv_ro(disk)},
    default=kv_ro("texts"),
)

register("kv-ro", main("compare:start", KV_RO >> JOB, keys=keys)(texts))
