"""What leads the traffic of a host's ports to its guests."""
