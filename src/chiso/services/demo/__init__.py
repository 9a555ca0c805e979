"""The demo: the whole story of a home, told with volunteers, and every claim in it checked."""
