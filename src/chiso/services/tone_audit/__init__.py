"""The tone audit: the same rendered people at every skin tone, through the real capture path."""
