"""Many scenarios in one store."""
