from fata.dsl import asgi, register

register("notes", asgi("notes:application", requires=["starlette>=1,<2", "msgspec>=0.19,<1"]))
