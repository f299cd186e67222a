"""Signatures, time stamps and other evidence that a run folder cannot forge."""
