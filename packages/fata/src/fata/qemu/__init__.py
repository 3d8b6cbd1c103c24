"""Running a built image under QEMU on this machine: one guest, one process, one outcome."""
