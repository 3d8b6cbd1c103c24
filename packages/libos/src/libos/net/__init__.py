"""Networking: the guest on the kernel's own TCP/IP, and DHCP for either stack."""
