from fata.dsl import CLOCK, JOB, clock, main, register

register("hello", main("hello:start", CLOCK >> JOB)(clock()))
