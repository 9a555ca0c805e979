"""Models: where weights come from, how graphs are built from them, and the ports they fill."""
