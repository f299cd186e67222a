"""analysis/__init__.py."""
