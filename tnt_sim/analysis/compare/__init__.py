"""analysis/compare/__init__.py."""
