"""Receipts to permits."""
