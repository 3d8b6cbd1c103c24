"""The command line of tools built on functoria: one verb per file. Nothing else prints."""

from functoria.cli.application import main

__all__ = ["main"]
