"""Exchanges with other systems after a decision: démarches-simplifiées."""
