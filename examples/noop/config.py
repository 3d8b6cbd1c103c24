from fata.dsl import noop, register

register("noop", noop())
