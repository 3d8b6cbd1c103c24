from fata.dsl import (
    BOOLEAN,
    CLOCK,
    JOB,
    RANDOM,
    choice,
    clock,
    if_impl,
    key,
    main,
    match_impl,
    mock_clock,
    random,
    register,
)

style = key("style", choice("tasks", "block"), "tasks", "how the time is limited")
hurry = key("hurry", BOOLEAN, False, "do not wait: a clock that jumps from one event to the next")

by_tasks = main("timeout:by_tasks", CLOCK >> RANDOM >> JOB)
by_block = main("timeout:by_block", CLOCK >> RANDOM >> JOB)
either = match_impl(style, {"block": by_block}, default=by_tasks)

register("timeout", either(if_impl(hurry, mock_clock(), clock()), random()))
