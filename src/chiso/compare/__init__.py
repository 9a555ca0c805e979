"""Templates to decisions: score, search, calibrate, threshold."""
