"""Photo bytes to aligned faces: decode, detect, align, quality."""
