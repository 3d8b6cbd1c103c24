#!/usr/bin/env -S python3 -S -E
"""A stand-in for ssh, for hosts and faults that cannot be had otherwise.

The directory FAKE_SSH has `answers.json`: by the beginning of a command its exit code, output and
errors. A `null` instead of them is a connection that breaks there. A command that is not in it
ends well and silently. With a file `refusal` no connection is made: its text is why. What was run
is in `log`, what was sent along in `sent`.
"""

import json
import os
import signal
import sys
from pathlib import Path

room = Path(os.environ["FAKE_SSH"])
words = sys.argv[1:]
socket = Path(next(word for word in words if word.startswith("ControlPath=")).partition("=")[2])
if "-M" in words:
    refusal = room / "refusal"
    if refusal.exists():
        sys.stderr.write(refusal.read_text())
        sys.exit(255)
    temporary = socket.with_name("new")
    temporary.write_text(str(os.getpid()))
    temporary.rename(socket)
    signal.pause()
command = words[-1].removeprefix("sudo -n -- ").removeprefix("env LC_ALL=C.UTF-8 ")
with (room / "log").open("a") as log:
    log.write(words[-1] + "\n")
with (room / "sent").open("ab") as sent:
    sent.write(sys.stdin.buffer.read())
answers = json.loads((room / "answers.json").read_text())
matching = max((start for start in answers if command.startswith(start)), key=len, default=None)
answer = answers[matching] if matching is not None else [0, "", ""]
if answer is None:
    os.kill(int(socket.read_text()), signal.SIGKILL)
    sys.exit(255)
code, out, err = answer
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
