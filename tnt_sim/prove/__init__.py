"""prove/__init__.py."""
