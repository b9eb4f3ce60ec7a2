"""A whole Gendan on one machine: private engines, databases and supervised processes."""
