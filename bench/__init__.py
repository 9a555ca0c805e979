"""Chiso's speed and error rates, measured beside the peer: `make bench`."""
