"""analysis/sweep/__init__.py."""
