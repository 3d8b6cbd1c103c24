"""A web page of a host, served to the browser of the one who asks for it.

It runs on the developer's machine, listens on loopback only, and asks the host's agent over the
ssh connection that it holds open.
"""
