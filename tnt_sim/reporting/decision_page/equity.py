"""Annex of the decision note on equity: the Lorenz curve of money per head over departments."""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from tnt_sim.analysis.equity.department_spread import ListMoney, compute_spreads, get_map_year
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, join_sentences
from tnt_sim.reporting.decision_page.note_sections import NARROW, WIDE, Picture
from tnt_sim.reporting.report_tree import write_both
from tnt_sim.reporting.reports.money_spread import (
    ABOUT_GINI,
    describe_curves,
    describe_half,
    describe_limits,
    draw_spreads,
)


def build_equity(run: StoredRun, lang: Lang, *, paper: bool) -> Picture | None:
    """Return how evenly the list spreads its money; None without two departments of known population and money."""
    if "department" not in run.table.columns:
        return None
    lists = compute_spreads([ListMoney("", run.table)], get_map_year(run.spec))
    if lists is None:
        return None
    finding = describe_half(lists.spreads[0])
    alt = write_both(partial(describe_curves, lists, finding))
    widths = {"wide": WIDE} if paper else {"wide": WIDE, "narrow": NARROW}
    return Picture(
        finding.in_(lang),
        join_sentences(ABOUT_GINI, describe_limits(lists)).in_(lang),
        [(kind, Markup(draw_spreads(lists, alt, lang, width))) for kind, width in widths.items()],
    )
