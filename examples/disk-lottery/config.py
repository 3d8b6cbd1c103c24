from fata.dsl import (
    BLOCK,
    BOOLEAN,
    INTEGER,
    JOB,
    RANDOM,
    argument,
    block,
    main,
    random,
    register,
)

slot = argument("slot", INTEGER, 0, "the game to play: a sector of the disk")
reset = argument("reset", BOOLEAN, False, "begin the game anew")

lottery = main("lottery:start", BLOCK >> RANDOM >> JOB, slot=slot, reset=reset)

register("disk-lottery", lottery(block("lottery", size="64KiB"), random()))
