"""analysis/batch/__init__.py."""
