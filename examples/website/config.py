from fata.dsl import HTTP, JOB, KV_RO, http_server, kv_ro, main, register

website = main("website:start", KV_RO >> HTTP >> JOB)

register("website", website(kv_ro("site"), http_server()))
