"""The messages of after-sales: commands in, views out, events in and out."""
