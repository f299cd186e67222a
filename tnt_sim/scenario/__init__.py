"""scenario/__init__.py."""
