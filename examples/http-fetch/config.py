from fata.dsl import STRING, argument, program, register

uri = argument("uri", STRING, "http://example.org/", "what to fetch")

register("http-fetch", program("http_fetch:main", uri=uri))
