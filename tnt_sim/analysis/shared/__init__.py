"""Building blocks of the analyses: reference solution, envelope path, distances, progress."""
