"""A witness's files, its server, and the way to other people's witnesses: HTTP lives here."""
