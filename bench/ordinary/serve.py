"""The website as an ordinary process."""

import os
import sys

import program

from libos.boot import unix

os.chdir("/srv/website")
sys.exit(unix.main(program, lambda module: None, ["--port=80"]))
