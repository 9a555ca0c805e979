"""Third-party input and output behind the ports of chiso.core."""
