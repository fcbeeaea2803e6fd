"""The demonstration: scenes that really run, and the recordings that stand in for them."""
