from fata.dsl import (
    BOOLEAN,
    CLOCK,
    JOB,
    RANDOM,
    clock,
    if_impl,
    key,
    main,
    random,
    register,
    seeded_random,
)

again = key("again", BOOLEAN, False, "the same lines each time")
echo = main("echo_lines:start", CLOCK >> RANDOM >> JOB)

register("echo-lines", echo(clock(), if_impl(again, seeded_random("lines"), random())))
