"""Finds proofs; what it finds is checked by `certify/certificate.py`, so nothing here needs to be trusted."""
