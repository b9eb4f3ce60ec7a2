"""What comes in and goes out over the wire, one file per noun."""
