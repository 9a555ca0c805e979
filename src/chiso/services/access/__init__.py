"""Who may use a home through `chiso serve`: keys, accounts, sessions, a person's link."""
