"""Conditions, measures and groups over the dossier table, and their wording."""
