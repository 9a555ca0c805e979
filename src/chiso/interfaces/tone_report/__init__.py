"""The tone audit's report: one HTML page that needs nothing but itself, and its numbers as data."""
