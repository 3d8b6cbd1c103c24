"""A library of greetings."""

from greetings.french import in_french

__all__ = ["in_french"]
