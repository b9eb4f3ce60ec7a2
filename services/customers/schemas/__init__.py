"""What goes in and out of this service on the wire, one file per noun."""
