"""Decodes photos in a process of its own, which may do nothing else."""
