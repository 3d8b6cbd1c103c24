from fata.dsl import JOB, KV_RW, STRING, argument, block, block_kv_rw, main, register

note = argument("note", STRING, doc="a note to keep")
remove = argument("remove", STRING, doc="the number of a note to remove, or `all`")

notes = main("notes:start", KV_RW >> JOB, note=note, remove=remove)

register("kv-rw", notes(block_kv_rw(block("notes", size="1MiB"))))
