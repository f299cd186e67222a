"""Reconciliation of decisions with the lines of an accounting export."""
