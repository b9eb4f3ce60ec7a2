"""Commands of `./gendan` that have words of their own; loaded when they are asked for."""
