"""The fairness audit's report: one page that needs nothing but itself, its twin, a model card."""
