"""Block devices: implementations of `libos.signatures.block.Block`, one per file."""
