"""The London Set: who is in Chiso's part of it, and where the originals are."""
