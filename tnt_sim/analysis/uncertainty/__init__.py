"""analysis/uncertainty/__init__.py."""
