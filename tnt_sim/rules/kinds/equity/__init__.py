"""Rule `equity`: per-capita amounts of groups within a band around the mean."""
