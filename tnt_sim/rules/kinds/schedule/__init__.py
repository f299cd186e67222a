"""Rule `schedule`: commitments and payments by year."""
