"""Hosts: machines of the user's, reached by ssh, that run guests."""
