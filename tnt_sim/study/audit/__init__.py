"""A hand-made selection against the rules and the optimum."""

from tnt_sim.study.audit.audit import Audit, audit, audit_of

__all__ = ["Audit", "audit", "audit_of"]
