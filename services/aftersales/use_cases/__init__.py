"""What after-sales does for its callers: load, ask the domain, announce; plain functions."""
