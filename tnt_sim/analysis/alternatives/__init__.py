"""Near-optimal alternatives: diverse allocations within a given loss of the optimum."""
