"""The part that runs under the interpreter to be packed; it imports the standard library only."""
