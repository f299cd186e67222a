"""Names of the population classes of applicants."""

from __future__ import annotations

from itertools import pairwise

from tnt_sim.analysis.equity.applicant_classes import SIZES
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_integer


def list_size_names(lang: Lang) -> list[str]:
    """Return the population classes, smallest first; the last is "unknown"."""
    displayed = [format_integer(n, lang) for n in SIZES]
    under = _("under {displayed}", displayed=displayed[0]).in_(lang)
    pairs = pairwise(displayed)
    between = [_("{low} to under {high}", low=a, high=b).in_(lang) for a, b in pairs]
    above = _("{displayed} and more", displayed=displayed[-1]).in_(lang)
    return [under, *between, above, _("unknown population").in_(lang)]
