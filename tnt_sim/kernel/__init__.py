"""kernel/__init__.py."""
