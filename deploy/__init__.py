"""Set up, start, watch and stop a whole Gendan; what `./gendan` runs."""
