"""Volunteers who do not exist: photos and lists, made by `make volunteer-set`."""
