"""The audit: asks every service for its books by RPC and compares them (docs/operations.md).

`reader` asks, the other modules compare; what compares is pure: rows in, differences out.
"""
