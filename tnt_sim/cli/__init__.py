"""cli/__init__.py."""
