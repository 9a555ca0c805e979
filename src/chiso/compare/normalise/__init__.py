"""Score normalisers: the same score for the same rarity, without asking who is who."""
