"""Cards: issued, listed, revoked, compared with a face; and held to what the log tells of them."""
