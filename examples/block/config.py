from fata.dsl import BLOCK, JOB, block, choice, key, main, match_impl, ramdisk, register

kind = key("kind", choice("disk", "memory"), "disk", "where the sectors are kept")
sectors = match_impl(
    kind, {"memory": ramdisk("battery", "256KiB")}, default=block("battery", size="256KiB")
)

register("block", main("battery:start", BLOCK >> JOB)(sectors))
