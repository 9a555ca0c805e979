"""People who do not exist: who they are, how they are photographed, and what their skin is."""
