"""formulation/__init__.py."""
