"""What runs inside the VM: the library OS, and nothing else."""

API = 1
"""The version of the signatures that programs are written against."""
