"""The store of a host: files by their sha256, how they arrive, and which of them may go."""
