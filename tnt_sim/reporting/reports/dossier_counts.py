"""Counts of dossiers in words, for the reports of a run and of its validation."""

from __future__ import annotations

from tnt_sim.i18n.message import Text, _n


def describe_filed(n: int) -> Text:
    """Write « 24 dossiers déposés »."""
    return _n("{n} application filed", "{n} applications filed", n=n)


def describe_eligible(n: int) -> Text:
    """Write « 22 éligibles »."""
    return _n("{n} eligible", "{n} eligible", n=n)
