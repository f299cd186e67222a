"""Audit of a hand-made selection: rules broken, loss against the optimum, and swaps that recover it."""

from __future__ import annotations

from tnt_sim.analysis.audit.audit import Audit, audit, audit_selection

__all__ = ["Audit", "audit", "audit_selection"]
