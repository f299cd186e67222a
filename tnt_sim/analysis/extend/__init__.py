"""analysis/extend/__init__.py."""
