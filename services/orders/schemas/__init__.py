"""The messages of orders: commands in, views out, events in and out."""
