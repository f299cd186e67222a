"""Rule `together`: all dossiers of a group, or none."""
