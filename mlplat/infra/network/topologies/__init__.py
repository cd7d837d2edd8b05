"""The kinds of topology, one builder a file: from a description to the switches and links of a fabric."""
