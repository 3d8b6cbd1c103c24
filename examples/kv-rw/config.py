from fata.dsl import (
    JOB,
    KV_RO,
    KV_RW,
    STRING,
    argument,
    block,
    block_kv_rw,
    choice,
    directory_kv_rw,
    key,
    kv_rw,
    main,
    match_impl,
    memory_kv_rw,
    read_only,
    register,
)

store = key(
    "store",
    choice("disk", "directory", "either", "memory"),
    "disk",
    "what keeps the notes; a directory only as a process, and either in a VM is a disk",
)
note = argument("note", STRING, doc="a note to keep")
remove = argument("remove", STRING, doc="the number of a note to remove, or `all`")

kept = match_impl(
    store,
    {
        "directory": directory_kv_rw("notes"),
        "either": kv_rw("notes", size="1MiB"),
        "memory": memory_kv_rw(),
    },
    default=block_kv_rw(block("notes", size="1MiB")),
)

change = main("notes:change", KV_RW >> JOB, note=note, remove=remove)
show = main("notes:show", KV_RO >> JOB)

register("kv-rw", change(kept), show(read_only(kept)))
