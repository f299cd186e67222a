"""The better applications that a list leaves out: a picture of one envelope with a line each, and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tnt_sim.analysis.explain.document import InversionList, RefusedBetter
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.reporting.report_tree import Chart, Column, Kind, Node, Section, Table, Words
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import build_list_chart
from tnt_sim.reporting.reports.explanation import describe_ranking_value

MOST_LINES = 25
"""Most lines of a picture."""


def build_inversion_section(inversions: InversionList | None, dossiers: DecidedDossiers) -> list[Node]:
    """Return the picture of the envelope where most are left out, its table, and one of the other envelopes."""
    if inversions is None:
        return []
    group = choose_envelope(inversions, dossiers.problem.case.tree.ids)
    own = [pair for pair in inversions.refused if pair.group == group]
    others = [pair for pair in inversions.refused if pair.group != group]
    drawn = own[:MOST_LINES]
    chart = build_inversion_chart(inversions, dossiers)
    nodes: list[Node] = [] if chart is None else [chart]
    if drawn:
        nodes.append(_build_table(drawn, dossiers, _("Lines of the picture, the best left out first")))
    if rest := [*own[MOST_LINES:], *others]:
        n_unlisted = inversions.n_refused - len(inversions.refused)
        table = _build_table(rest, dossiers, _("The others that are left out"), n_unlisted=n_unlisted)
        nodes.append(table)
    return [Section(_("Better applications that the list leaves out"), nodes)] if nodes else []


def build_inversion_chart(inversions: InversionList, dossiers: DecidedDossiers) -> Chart | None:
    """Return the picture of the envelope where most are left out; None where nothing can be drawn there."""
    ids = dossiers.problem.case.tree.ids
    group = choose_envelope(inversions, ids)
    drawn = [pair for pair in inversions.refused if pair.group == group][:MOST_LINES]
    n_drawn = len(drawn) if len(drawn) < inversions.n_refused else None
    return build_list_chart(dossiers, ids.index(group), drawn, describe_left_out(inversions), n_drawn)


def choose_envelope(inversions: InversionList, ids: Sequence[str]) -> str:
    """Return the envelope where most are left out, the first of equal ones; the programme where none is."""
    groups = Counter(pair.group for pair in inversions.refused if pair.group in ids)
    return max(groups, key=lambda name: (groups[name], -ids.index(name))) if groups else ids[0]


def describe_left_out(inversions: InversionList) -> Text:
    """Say how many applications are left out although a worse one of their envelope is in the list."""
    if not inversions.n_refused:
        return _("In each envelope, no better application is left out")
    return _n(
        "{n} application is left out although a worse one of its envelope is in the list",
        "{n} applications are left out although a worse one of their envelope is in the list",
        n=inversions.n_refused,
    )


def _build_table(
    pairs: Sequence[RefusedBetter], dossiers: DecidedDossiers, caption: Words, *, n_unlisted: int = 0
) -> Table:
    better, worse = [pair.better for pair in pairs], [pair.worse for pair in pairs]
    return Table(
        [
            Column(_("Left out"), [dossiers.describe_dossier(side.dossier) for side in better]),
            Column(_("Value"), [describe_ranking_value(side) for side in better], Kind.FIGURE),
            Column(_("Asks"), [side.asked_cents for side in better], Kind.MONEY),
            Column(_("In the list"), [dossiers.describe_dossier(side.dossier) for side in worse]),
            Column(_("Its value"), [describe_ranking_value(side) for side in worse], Kind.FIGURE),
            Column(_("Gets"), [side.granted_cents for side in worse], Kind.MONEY),
        ],
        caption=caption,
        n_unlisted=n_unlisted,
    )
