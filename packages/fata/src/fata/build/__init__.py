"""From a configured project to what its target runs."""
