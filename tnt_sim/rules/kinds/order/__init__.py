"""Rule `order`: better dossiers first, or first come, first served."""
