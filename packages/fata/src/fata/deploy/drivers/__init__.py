"""Drivers: one way to start, watch and end a guest, whatever hypervisor runs it."""
