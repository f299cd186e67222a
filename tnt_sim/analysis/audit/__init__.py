"""analysis/audit/__init__.py."""

from __future__ import annotations

from tnt_sim.analysis.audit.audit import Audit, audit, audit_of

__all__ = ["Audit", "audit", "audit_of"]
