"""A DHCP server for one network: what it may give away, who has it, and what it answers."""

from libos.services.dhcp.service import serve
from libos.services.dhcp.subnet import InvalidSubnet, Subnet

__all__ = ["InvalidSubnet", "Subnet", "serve"]
