"""verify/__init__.py."""
