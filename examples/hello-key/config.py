from fata.dsl import CLOCK, JOB, STRING, argument, clock, main, register

hello = argument("hello", STRING, "Hello World!", "what to say")

register("hello-key", main("hello:start", CLOCK >> JOB, hello=hello)(clock()))
