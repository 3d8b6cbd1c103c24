"""Secrets of apps: encrypted on the host, given to guests on a disk of their own."""
