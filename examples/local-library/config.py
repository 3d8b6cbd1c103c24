from fata.dsl import main, register

register("local-library", main("local:start"))
