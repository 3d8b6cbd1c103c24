"""The agent: fata on a host, run over ssh once for each command, and one process that stays."""
