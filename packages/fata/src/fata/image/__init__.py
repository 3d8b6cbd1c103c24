"""What a VM starts from: an initramfs, a kernel, and the manifest that describes both."""
