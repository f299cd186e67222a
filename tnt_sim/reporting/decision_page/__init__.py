"""reporting/decision_page/__init__.py."""
