"""The verbs that every tool has."""
