"""The API of the library OS: one `typing.Protocol` per file (API v1)."""
