"""What runs inside the VM: the library OS, and nothing else."""
