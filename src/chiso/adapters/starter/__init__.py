"""Starter threshold records: data made by `make starter`."""
