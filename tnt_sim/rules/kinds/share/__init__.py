"""Rule `share`: one measure as a share of another."""
