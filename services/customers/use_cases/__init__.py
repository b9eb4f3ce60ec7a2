"""What the service does: load, ask the domain, announce; one file per noun."""
