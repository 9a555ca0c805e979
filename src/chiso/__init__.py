"""Chiso: face recognition for people who said yes."""

__version__ = "0.1.0"
