"""How a program starts and ends: arguments, devices in order, outcome."""
