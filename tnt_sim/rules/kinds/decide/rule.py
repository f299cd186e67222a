"""Rule `decide`: x_i = 1, x_i = 0, or a stated amount g_i for named dossiers, decided by people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.offers.decisions import DecideSpec, Decisions
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path


def combine_decisions(case: Case, specs: Sequence[tuple[DecideSpec, Path]]) -> Decisions:
    """Combine all `decide` rules; unknown dossiers, contradictions and refused commitments are defects."""
    choice = np.zeros(case.n, dtype=np.int64)
    amount = np.full(case.n, -1, dtype=np.int64)
    rule = np.full(case.n, -1, dtype=np.int64)
    if not specs:
        return Decisions(choice, amount, rule, ())
    rows = dict(zip(case.table["dossier"].to_list(), range(case.n), strict=True))
    held = case.table["committed_cents"]
    words: dict[int, Path] = {}
    stated: dict[int, Path] = {}
    for number, (spec, path) in enumerate(specs):
        spoken = [(name, 1, "fund", k) for k, name in enumerate(spec.fund)]
        spoken += [(name, -1, "refuse", k) for k, name in enumerate(spec.refuse)]
        for name, option, key, place in spoken:
            here: Path = (*path, key, place)
            row = _find_row(case, rows, name, here)
            if row is None:
                continue
            if option < 0 and held[row] is not None:
                _record_refused_commitment(case, name, here)
            if choice[row] not in (0, option):
                _record_contradiction(case, name, words[row], here)
            choice[row], rule[row] = option, number
            words.setdefault(row, here)
        for name, cents in spec.amounts.items():
            here = (*path, "amounts", name)
            row = _find_row(case, rows, name, here)
            if row is None:
                continue
            if amount[row] not in (-1, cents):
                _record_conflicting_amounts(case, name, int(amount[row]), cents, (stated[row], here))
            if held[row] not in (None, cents):
                _warn_already_committed(case, name, held[row], cents, here)
            amount[row], rule[row] = cents, number
            stated.setdefault(row, here)
    return Decisions(choice, amount, rule, tuple(spec for spec, __ in specs))


def _find_row(case: Case, rows: dict[str, int], name: str, path: Path) -> int | None:
    if name in rows:
        return rows[name]
    case.record_defect(
        "unknown-dossier",
        _('there is no application "{name}".', name=name),
        path,
        suggest_name(name, rows),
    )
    return None


def _record_refused_commitment(case: Case, name: str, path: Path) -> None:
    case.record_defect(
        "decide-committed",
        _('the application "{name}" is already committed; a decision cannot refuse it.', name=name),
        path,
        _("Take it out of `refuse`, or empty its `committed` amount."),
        subject=(name,),
    )


def _record_contradiction(case: Case, name: str, first: Path, second: Path) -> None:
    case.defects.add(
        "decide-twice",
        _('the application "{name}" is both funded and refused by decision.', name=name),
        case.locate(first),
        case.locate(second),
        hint=_("Keep one of the two decisions."),
        subject=(name,),
    )


def _record_conflicting_amounts(
    case: Case, name: str, first: int, second: int, paths: tuple[Path, Path]
) -> None:
    case.defects.add(
        "decide-amounts",
        _(
            'two decisions give the application "{name}" two amounts: {first} and {second}.',
            name=name,
            first=Money(first),
            second=Money(second),
        ),
        *(case.locate(path) for path in paths),
        hint=_("Keep one of the two amounts."),
        subject=(name,),
    )


def _warn_already_committed(case: Case, name: str, held: int, cents: int, path: Path) -> None:
    case.warnings.add(
        "decide-committed",
        _(
            'the application "{name}" is committed for {held}: the amount decided, {cents}, changes nothing.',
            name=name,
            held=Money(held),
            cents=Money(cents),
        ),
        case.locate(path),
        hint=_("Correct the column `committed`."),
    )


def compile_decide(spec: DecideSpec, path: Path, case: Case, measures: Measures, offers: Offers) -> None:
    """Return None: `combine_decisions` resolves all decisions at once, before the offers."""
