"""Planner's page: a local web page to change settings, re-optimise and compare."""
