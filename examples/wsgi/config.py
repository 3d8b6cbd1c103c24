from fata.dsl import register, wsgi

register("guestbook", wsgi("guestbook:application", threads=4, requires=["bottle>=0.13,<0.14"]))
