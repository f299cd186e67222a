"""solve/__init__.py."""
