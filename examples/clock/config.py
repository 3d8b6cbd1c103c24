from fata.dsl import BOOLEAN, CLOCK, JOB, clock, if_impl, key, main, mock_clock, register

mock = key("mock", BOOLEAN, False, "a clock that begins in 2030 and jumps instead of waiting")
time = if_impl(mock, mock_clock("2030-01-01 12:00:00"), clock())

register("clock", main("clock:start", CLOCK >> JOB)(time))
