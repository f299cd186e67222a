"""reporting/__init__.py."""
