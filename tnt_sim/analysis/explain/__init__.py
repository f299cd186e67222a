"""analysis/explain/__init__.py."""
