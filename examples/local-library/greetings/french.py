"""Greetings in French."""


def in_french(name: str) -> str:
    return f"bonjour, {name}"
