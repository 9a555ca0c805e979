"""A person's own copy of what a home holds about her, as a page that she can read."""
