"""Xen's xl.cfg(5) as a library."""
