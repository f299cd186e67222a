"""Charts: sweep curves, marginal values, and the map of departments."""
