"""certify/__init__.py."""
