from fata.dsl import (
    BLOCK,
    JOB,
    block,
    block_of_file,
    choice,
    guest_disk,
    key,
    main,
    match_impl,
    ramdisk,
    register,
)

SIZE = "256KiB"

kind = key(
    "kind",
    choice("disk", "memory", "file", "guest"),
    "disk",
    "where the sectors are kept; a disk is a file of a process, and the host's of a guest",
)
sectors = match_impl(
    kind,
    {
        "memory": ramdisk("battery", SIZE),
        "file": block_of_file("sectors.img", size=SIZE, create=True),
        "guest": guest_disk("battery", size=SIZE),
    },
    default=block("battery", size=SIZE),
)

register("block", main("battery:start", BLOCK >> JOB)(sectors))
