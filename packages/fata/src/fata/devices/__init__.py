"""One definition per file: a device's type, keys, packages, and its class in the library OS."""
