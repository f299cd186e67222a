"""Marginal questions on money: next euro, entry thresholds, target envelopes, rule prices, extensions."""
