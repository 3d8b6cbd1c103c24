from fata.dsl import BLOCK, INTEGER, JOB, argument, block, main, register

kibibytes = argument("kibibytes", INTEGER, 0, "how much to read, and again to write")

job = main("mover:start", BLOCK >> JOB, kibibytes=kibibytes)

register("mover", job(block("data", size="4MiB")))
