"""Which files must be in the image for a program to run, and why."""

from fata.closure.closure import APP, MAIN, Closure, closure
from fata.closure.entry import Entry, EntryKind
from fata.closure.graph import Edge, Graph, Missing
from fata.closure.interpreter import Interpreter, interpreter
from fata.closure.record import record
from fata.closure.roots import stdlib_in_image
from fata.closure.traced import Trace, read_trace

__all__ = [
    "APP",
    "MAIN",
    "Closure",
    "Edge",
    "Entry",
    "EntryKind",
    "Graph",
    "Interpreter",
    "Missing",
    "Trace",
    "closure",
    "interpreter",
    "read_trace",
    "record",
    "stdlib_in_image",
]
