from fata.dsl import INTEGER, STRING, argument, program, register

do = argument(
    "do", STRING, "exit", "what to do: serve, exit, throw, flood, hostile, spin, count, eat, deaf"
)
number = argument("number", INTEGER, 0, "the exit code, or how many KiB")

register("behave", program("behave:main", do=do, number=number))
