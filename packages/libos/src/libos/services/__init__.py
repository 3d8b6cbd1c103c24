"""What an operating system runs as daemons, as libraries: one package or module per service."""
