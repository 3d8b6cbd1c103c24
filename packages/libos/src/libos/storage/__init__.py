"""Stores of values and blocks."""
