"""Basic types: money in whole cents, typed fields, the table of dossiers, the envelope tree, the map of
France.
"""
