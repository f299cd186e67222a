"""Transfers between envelopes, compared with a larger total."""
