"""Ways to share an extra amount between the axes."""
