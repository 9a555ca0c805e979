"""What a server adds to a home: a bounded workroom, prepared searches, limits, kept answers."""
