"""Rule `limit`: a measure between bounds, in all or by group."""
