"""ingest/__init__.py."""
