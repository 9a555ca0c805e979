"""Cards: a template in the person's own pocket, sealed, signed, and small enough to print."""
