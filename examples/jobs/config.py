from fata.dsl import (
    JOB,
    RANDOM,
    choice,
    console_logs,
    delay,
    guest_name,
    key,
    main,
    match_impl,
    random,
    register,
    seeded_random,
    together,
)

luck = key("luck", choice("good", "same"), "good", "other numbers each time, or the same ones")
seeds = match_impl(luck, {"same": seeded_random(7)}, default=random())

sow = main("garden:sow", RANDOM >> JOB)(seeds)
tend = together(main("garden:water"), main("garden:weed"))

register("jobs", sow, delay(0.1), tend, logs=console_logs(name=guest_name("garden")))
