"""What the command `fata` ends with, said once. `libos.boot.outcome` has the codes of programs."""

from __future__ import annotations

from collections.abc import Mapping

DONE = 0
FAILED = 1
USAGE = 2
NO_OUTCOME = 125
INTERRUPTED = 130

MEANINGS: Mapping[int, str] = {
    DONE: "done",
    FAILED: "it failed; the message says what is wrong, where, and what to do",
    USAGE: "the command line is wrong: an unknown option, a key that does not exist, a value of "
    "the wrong type",
    INTERRUPTED: "interrupted with ctrl-C",
}
"""Of every command. `fata run` passes on what its program ended with, or `NO_OUTCOME`."""
