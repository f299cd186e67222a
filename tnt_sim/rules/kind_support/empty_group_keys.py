"""Dossiers that escape a rule by groups because a column of `by` is empty in their row.

Rules of a kind for which an empty cell means "no group" are not checked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tnt_sim.errors import Defects
from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Names
from tnt_sim.rules.expressions.empty_cells import is_blank
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.offers.funded_rows import format_dossier_rows
from tnt_sim.rules.protocols import Case, Path

MAX_LISTED = 10
NO_KEY = "no_key"


def ask_blank_keys(rule: Any, path: Path, case: Case, in_play: BoolArray) -> None:
    """Record the dossiers in play that escape a rule.

    It is an open question if the rule has an upper bound, a warning otherwise.
    """
    by = getattr(rule, "by", None)
    if by is None:
        return
    columns = [by] if isinstance(by, str) else list(by)
    if not rule.can_be_escaped(columns):
        return
    quiet = replace(case, defects=Defects(), warnings=Defects(), questions=[])
    mask = select(quiet, getattr(rule, "where", None), (*path, "where"))
    if mask is None:
        return
    blank = [is_blank(case, column) for column in columns]
    rows = np.flatnonzero(mask & in_play & case.select_applicable(rule.id) & np.logical_or.reduce(blank))
    if not len(rows):
        return
    empty = [column for column, mine in zip(columns, blank, strict=True) if mine[rows].any()]
    text = _n(
        '{n} application without a value escapes the rule "{rule}", which counts by {columns}: {dossiers}.',
        '{n} applications without a value escape the rule "{rule}", which counts by {columns}: {dossiers}.',
        n=len(rows),
        rule=rule.id,
        columns=Names(empty),
        dossiers=format_dossier_rows(case, rows, MAX_LISTED),
    )
    if rule.report or not rule.is_ceiling:
        case.warnings.add("no-key", text, case.locate((*path, "by")))
        return
    case.leave_open(f"{NO_KEY}/{rule.id}", text, _("Fill these cells."), rows)
