"""Rule `coverage`: reach a number of territories, or of their inhabitants."""
