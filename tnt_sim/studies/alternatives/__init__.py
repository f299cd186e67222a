"""Other allocations, nearly as good and as different as possible."""
