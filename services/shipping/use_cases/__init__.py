"""What shipping does, one file per noun: load, ask the domain, announce."""
