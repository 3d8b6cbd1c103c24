"""The small languages inside strings: disks, network interfaces, PCI devices and so on."""
