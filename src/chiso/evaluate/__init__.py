"""Scores to proof: trials, rates, intervals, threshold fitting."""
