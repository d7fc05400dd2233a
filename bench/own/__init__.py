"""Which symmetry do one's own data have? Reads a table, discovers, checks on held-out data, and answers in words."""
