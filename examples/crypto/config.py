from fata.dsl import JOB, RANDOM, main, random, register

crypto = main("crypto:start", RANDOM >> JOB, requires=["cryptography>=46"])

register("crypto", crypto(random()))
