from fata.dsl import main, no_logs, register

info = main("app_info:start", requires=["h11>=0.16,<0.17", "idna>=3,<4"])

register("app-info", info, logs=no_logs())
