"""Where programs run: what each target adds to a project, and how it is built."""
