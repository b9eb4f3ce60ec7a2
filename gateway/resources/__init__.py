"""One module per noun: its messages, its operations, and only where needed its own code."""
