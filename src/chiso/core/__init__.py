"""The words everything else is written in: values, errors, ports, settings."""
