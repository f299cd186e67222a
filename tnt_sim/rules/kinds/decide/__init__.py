"""Rule `decide`: dossiers that people fund, refuse, or grant a stated amount."""
