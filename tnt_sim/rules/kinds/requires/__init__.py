"""Rule `requires`: prerequisites between dossiers."""
