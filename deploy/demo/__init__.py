"""The story: one company's orders played through the HTTP API of a running system."""
