"""A card as it is printed: ISO/IEC 7810 ID-1, as PNG or PDF."""
