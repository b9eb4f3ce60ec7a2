"""What goes in and out of inventory on the wire, one file per noun."""
