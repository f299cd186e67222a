"""Batch of scenarios: plan, parallel execution, and a crash-safe store."""
