"""The configuration engine."""
