"""Rule `exclusive`: at most so many dossiers of a group."""
