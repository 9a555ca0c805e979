"""One use case per module; adapters are seen only as ports."""
