"""Many scenarios: what is asked, who computes it, and the store that keeps each answer once."""
