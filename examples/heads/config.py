from fata.dsl import CLOCK, JOB, choice, clock, key, main, match_impl, register

style = key("style", choice("group", "gather"), "group", "how the two tasks are joined")

by_group = main("heads:by_group", CLOCK >> JOB)
by_gather = main("heads:by_gather", CLOCK >> JOB)

register("heads", match_impl(style, {"gather": by_gather}, default=by_group)(clock()))
