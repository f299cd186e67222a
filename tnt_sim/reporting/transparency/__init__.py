"""Documents that the law asks of a decision prepared by a computation: a sheet for each dossier, and others."""
