"""Compare decisions: differences of the scenarios, moves with their causes, totals, regret, common core."""
