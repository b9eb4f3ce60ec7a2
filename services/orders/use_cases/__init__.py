"""What orders does for its callers: load, ask the domain, announce; plain functions."""
