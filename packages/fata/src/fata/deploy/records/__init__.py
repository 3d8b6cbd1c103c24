"""What a host has written down: which generations there are, and who is changing them.

It is written ahead of every effect, so that after a crash it says what may have been begun. What
runs is never read off it: that is asked of the hypervisor.
"""
