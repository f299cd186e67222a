"""rules/__init__.py."""
