from fata.dsl import main, register

register("app-info", main("app_info:start", requires=["h11>=0.16,<0.17", "idna>=3,<4"]))
