from fata.dsl import STRING, argument, program, register

say = argument("say", STRING, "hello", "what it answers")
do = argument("do", STRING, "serve", "what it does: serve, fail, die, sleep, eat, flood")

register("talker", program("talker:main", say=say, do=do))
