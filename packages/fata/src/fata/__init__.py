"""From a Python program to a sealed VM."""
