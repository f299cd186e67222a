"""Basic types: money in whole cents, typed fields, the dossier table, the envelope tree, the map of France."""
