"""Why a dossier is funded or not, and the smallest change of one thing that would fund it."""
