"""Quality checks of a table of dossiers, and their findings."""
