"""DHCP (RFC 2131): the message both sides speak, and the client."""
