"""Measure a recogniser, ours or a vendor's, by group: the use cases, one a kind of input."""
