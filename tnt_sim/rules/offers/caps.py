"""Caps on the total aid of a project, over all its rows (one per fund), and their reading on an allocation.

    Σ_{rows i of p} gᵢ  ≤  limit_p  =  ⌊max · (of_p − Σ less_p)⌋ − Σ counting_p        max is a rate
                                    =  max − Σ counting_p                            max is an amount or a column

Each figure of a project is the largest among its rows. A project is under a cap when one of its rows
satisfies `where`, unless a waiver names one of its rows. Each row i alone is limited to limit_p − Σ
committed_p, which is the whole cap for a project with one candidate; several candidates share a row of the
model. Committed grants are not limited, but each excess is reported as a warning.

`read_caps` reports, per cap, the projects whose total equals the limit, or the nearest one where there is
none. Projects whose grants are all committed are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.expressions.columns import (
    NO_LIMIT,
    is_committed,
    multiply_floor,
    read_cents,
    read_money_column,
)
from tnt_sim.rules.expressions.measures import encode_keys
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit
from tnt_sim.rules.offers.cap_spec import LIBRARY, CapSpec
from tnt_sim.rules.offers.grant_spec import MoneyColumn
from tnt_sim.rules.offers.grants import Offers, warn_excesses
from tnt_sim.rules.offers.rates import record_rate_above_one
from tnt_sim.rules.protocols import Case, Mode, Path, Reading, RowBuilder, RowKind, RowLabel, RuleReading

CENT = Fraction(1, 100)
NONE_LEFT = -(2**60)
"""Cents that stand for an empty cell, and the least value of a limit."""


@dataclass(frozen=True, slots=True)
class Cap:
    """One compiled cap.

    Attributes
    ----------
    id, path : its name and its place in the scenario
    covered : bool (n_projects,), projects to which it applies
    limit_cents : int64 (n_projects,), limit_p; negative when nothing is left
    """

    id: str
    path: Path
    covered: BoolArray
    limit_cents: IntArray


@dataclass(frozen=True, slots=True)
class Excess:
    """A project that receives more than a cap allows."""

    cap: str
    path: Path
    project: int
    granted_cents: int
    limit_cents: int


@dataclass(frozen=True, slots=True)
class Caps:
    """All caps in force.

    Attributes
    ----------
    caps : the caps
    code : int64 (n,), project of each dossier
    names : the projects by code
    committed : bool (n,), dossiers already committed
    committed_cents : int64 (n_projects,), sum committed per project
    """

    caps: tuple[Cap, ...]
    code: IntArray
    names: tuple[str, ...]
    committed: BoolArray
    committed_cents: IntArray

    def compute_ceiling_cents(self) -> IntArray:
        """Return the most that the caps allow each dossier alone, int64 (n,); negative when nothing is left."""
        ceiling = np.full(len(self.code), NO_LIMIT, dtype=np.int64)
        for cap in self.caps:
            left = np.maximum(cap.limit_cents - self.committed_cents, NONE_LEFT)
            ceiling = np.minimum(ceiling, np.where(cap.covered, left, NO_LIMIT)[self.code])
        return ceiling

    def find_shared_projects(self, cap: Cap, offers: Offers) -> IntArray:
        """Return the projects whose candidates could exceed a cap together, although none can alone."""
        rows = np.flatnonzero(offers.candidate)
        most, n_rows = self.committed_cents.copy(), np.zeros(len(self.names), dtype=np.int64)
        np.add.at(most, self.code[rows], offers.most_cents[rows])
        np.add.at(n_rows, self.code[rows], 1)
        return np.flatnonzero(cap.covered & (n_rows > 1) & (most > cap.limit_cents))

    def select_shared(self, offers: Offers) -> BoolArray:
        """Return the dossiers whose project has a row for some cap, bool (n,)."""
        places = np.zeros(len(self.names), dtype=np.bool_)
        for cap in self.caps:
            places[self.find_shared_projects(cap, offers)] = True
        shared: BoolArray = places[self.code]
        return shared

    def build_rows(self, builder: RowBuilder, offers: Offers) -> None:
        """Write Σ grants of a project ≤ limit for each cap and each project of `find_shared_projects`."""
        ones = np.ones(len(self.code), dtype=np.int64)
        granted = Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)
        for cap in self.caps:
            projects = self.find_shared_projects(cap, offers)
            if len(projects) == 0:
                continue
            place = np.full(len(self.names), -1, dtype=np.int64)
            place[projects] = np.arange(len(projects))
            labels = [RowLabel(RowKind.RULE, f"cap:{cap.id}", self.names[p]) for p in projects.tolist()]
            upper: list[int | None] = list(cap.limit_cents[projects].tolist())
            builder.add_rows(labels, granted, place[self.code], [None] * len(upper), upper)

    def list_excesses(self, funded: BoolArray, granted_cents: IntArray) -> list[Excess]:
        """Return the projects that exceed a cap by an uncommitted grant, on an allocation."""
        if not self.caps:
            return []
        free = np.zeros(len(self.names), dtype=np.bool_)
        free[self.code[funded & ~self.committed & (granted_cents > 0)]] = True
        total = _sum_by_project(self.code[funded], granted_cents[funded], len(self.names))
        return self._collect_excesses(total, free)

    def list_committed_excesses(self) -> list[Excess]:
        """Return the projects whose commitments alone exceed a cap."""
        return self._collect_excesses(self.committed_cents, self.committed_cents > 0)

    def _collect_excesses(self, total: IntArray, concerned: BoolArray) -> list[Excess]:
        return [
            Excess(cap.id, cap.path, project, int(total[project]), int(cap.limit_cents[project]))
            for cap in self.caps
            for project in np.flatnonzero(cap.covered & concerned & (total > cap.limit_cents)).tolist()
        ]


def _sum_by_project(code: IntArray, cents: IntArray, n: int) -> IntArray:
    """Return Σ cents by project, int64.

    Grants are below 2⁵³, so up to a thousand rows per project cannot overflow.
    """
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, code, cents)
    return total


def compile_caps(case: Case, specs: Sequence[tuple[CapSpec, Path]], eligible: BoolArray) -> Caps:
    """Resolve every cap in force on the projects; record defects and warnings in the case."""
    code = encode_keys(case, "project", fallback=False)
    names = case.portfolio.memoise(
        ("projects",), lambda: tuple(case.table["project"].unique().sort().to_list()), ("project",)
    )
    committed, held = is_committed(case.portfolio), read_cents(case, "committed", 0)
    projects = _Projects(case, code, len(names), eligible & ~committed)
    caps = [_compile(projects, spec, path) for spec, path in specs]
    _check_unique(case, specs)
    result = Caps(
        tuple(cap for cap in caps if cap is not None),
        code,
        names,
        committed,
        _sum_by_project(code, held, len(names)),
    )
    warn_committed(case, result)
    return result


@dataclass(frozen=True)
class _Projects:
    """Figures of projects, from the cells of their rows."""

    case: Case
    code: IntArray
    n: int
    open: BoolArray

    def find_largest(self, name: str, path: Path, empty: int, mask: BoolArray | None) -> IntArray:
        """Return the largest cell of a column among the rows of each project, `empty` where all are empty."""
        if name == "base":
            cents = read_cents(self.case, "base", NONE_LEFT)
        else:
            cents = read_money_column(self.case, name, path, NONE_LEFT)
        largest = np.full(self.n, NONE_LEFT, dtype=np.int64)
        np.maximum.at(largest, self.code, cents)
        if name != "base" and mask is not None:
            differs = mask & (cents != NONE_LEFT) & (cents != largest[self.code])
            self._warn_differs(name, differs)
        return np.where(largest == NONE_LEFT, empty, largest)

    def sum_largest(self, names: Sequence[str], path: Path, mask: BoolArray) -> IntArray:
        """Return Σ over columns of their largest cells; an empty column counts 0."""
        total = np.zeros(self.n, dtype=np.int64)
        for k, name in enumerate(names):
            total += self.find_largest(name, (*path, k), 0, mask)
        return total

    def _warn_differs(self, name: str, differs: BoolArray) -> None:
        n = len(np.unique(self.code[differs]))
        if n:
            self.case.warnings.add(
                "project-differs",
                _n(
                    'for {n} project the "{name}" amounts differ from one application to the next: the '
                    "largest counts for the caps.",
                    'for {n} projects the "{name}" amounts differ from one application to the next: the '
                    "largest counts for the caps.",
                    n=n,
                    name=name,
                ),
            )


def _compile(projects: _Projects, spec: CapSpec, path: Path) -> Cap | None:
    case = projects.case
    if spec.use is not None and spec.use not in LIBRARY:
        case.record_defect(
            "unknown-cap",
            _('the legal library has no cap "{use}".', use=spec.use),
            (*path, "use"),
            suggest_name(spec.use, LIBRARY),
        )
        return None
    spec = spec.fill_from_library()
    before = len(case.defects.entries)
    mask = select(case, spec.where, (*path, "where"))
    if mask is None:
        return None
    covered = np.zeros(projects.n, dtype=np.bool_)
    covered[projects.code[mask]] = True
    covered[projects.code[~case.select_applicable(spec.name)]] = False
    if not mask.any():
        _warn_idle(case, spec, path)
    limit, known = _compute_limits(projects, spec, path, covered)
    if len(case.defects.entries) > before:
        return None
    counted = projects.sum_largest(spec.counting, (*path, "counting"), covered[projects.code])
    if len(case.defects.entries) > before:
        return None
    return Cap(spec.name, path, covered & known, limit - counted)


def _compute_limits(
    projects: _Projects, spec: CapSpec, path: Path, covered: BoolArray
) -> tuple[IntArray, BoolArray]:
    """Return what `max` allows each project before `counting`, int64 (n_projects,), and where it is known."""
    everywhere = np.ones(projects.n, dtype=np.bool_)
    nothing = np.zeros(projects.n, dtype=np.int64)
    mask = covered[projects.code]
    if isinstance(spec.max, Fraction):
        if spec.max > 1:
            record_rate_above_one(projects.case, spec.max, (*path, "max"))
            return nothing, everywhere
        name, before = spec.of or "base", len(projects.case.defects.entries)
        of = projects.find_largest(name, (*path, "of"), NO_LIMIT, mask)
        if len(projects.case.defects.entries) > before:
            return nothing, everywhere
        _check_filled(projects, name, mask & projects.open & (of == NO_LIMIT)[projects.code], path)
        less = projects.sum_largest(spec.less, (*path, "less"), mask)
        known = of != NO_LIMIT
        return multiply_floor(np.where(known, of - less, 0), spec.max), known
    if spec.of is not None or spec.less:
        _record_missing_rate(projects.case, path, "of" if spec.of is not None else "less")
        return nothing, everywhere
    if isinstance(spec.max, MoneyColumn):
        limit = projects.find_largest(spec.max.column, (*path, "max", "column"), NO_LIMIT, mask)
        return np.where(limit == NO_LIMIT, 0, limit), limit != NO_LIMIT
    return nothing + (spec.max or 0), everywhere


def _record_missing_rate(case: Case, path: Path, key: str) -> None:
    case.record_defect(
        "cap-amount",
        _("`{key}` goes with a rate only; here `max` is an amount.", key=key),
        (*path, key),
        _("Take `{key}` out, or give a rate (80%).", key=key),
    )


def _check_filled(projects: _Projects, name: str, rows: BoolArray, path: Path) -> None:
    missing = np.flatnonzero(rows)
    if len(missing) == 0:
        return
    case = projects.case
    names = ", ".join(case.table["dossier"].gather(missing[:5]).to_list())
    more = f" (+{len(missing) - 5})" if len(missing) > 5 else ""
    case.defects.add(
        "cap-needs",
        _(
            'this cap cannot be computed: "{name}" is empty for {names}{more}.',
            name=name,
            names=names,
            more=more,
        ),
        case.locate(path),
        *(case.portfolio.locate(int(row), name) for row in missing[:5]),
        hint=_("Fill the column, or narrow the cap with `where`."),
    )


def _check_unique(case: Case, specs: Sequence[tuple[CapSpec, Path]]) -> None:
    earlier: set[str] = set()
    for spec, path in specs:
        if spec.name in earlier:
            case.record_defect(
                "cap-twice",
                _('the cap "{spec_name}" stands twice.', spec_name=spec.name),
                path,
                _("Give the second one another `id`."),
            )
        earlier.add(spec.name)


def _warn_idle(case: Case, spec: CapSpec, path: Path) -> None:
    case.warnings.add(
        "cap-idle",
        _('the cap "{spec_name}" concerns no application.', spec_name=spec.name),
        case.locate(path),
    )


def warn_committed(case: Case, caps: Caps) -> None:
    """Warn of each cap that commitments exceed, project by project; commitments are kept."""
    result = caps.list_committed_excesses()
    rows = (
        {int(code): int(row) for row, code in enumerate(caps.code) if caps.committed[row]} if result else {}
    )
    for cap in caps.caps:
        own = [excess for excess in result if excess.cap == cap.id]
        warn_excesses(
            case,
            "cap-committed",
            _('the cap "{cap_id}" over projects', cap_id=cap.id),
            [caps.names[excess.project] for excess in own],
            [excess.granted_cents - max(excess.limit_cents, 0) for excess in own],
            np.array([rows[excess.project] for excess in own], dtype=np.int64),
        )


def check_forced(case: Case, caps: Caps, offers: Offers) -> None:
    """Record a defect where dossiers funded by decision exceed a cap together."""
    rows = np.flatnonzero(offers.forced)
    least = caps.committed_cents.copy()
    np.add.at(least, caps.code[rows], offers.least_cents[rows])
    decided = np.zeros(len(caps.names), dtype=np.bool_)
    decided[caps.code[rows]] = True
    for cap in caps.caps:
        for project in np.flatnonzero(cap.covered & decided & (least > cap.limit_cents)).tolist():
            over = int(least[project] - cap.limit_cents[project])
            name = caps.names[project]
            if cap.path[0] != "caps":  # the guard, which the scenario does not write
                text = _(
                    'the applications of project "{name}" funded by decision take public aid beyond the cost by '
                    "{over}.",
                    name=name,
                    over=Money(over),
                )
                hint = _("Drop a decision: no waiver lifts this limit.")
            else:
                text = _(
                    'the applications of project "{name}" funded by decision exceed the cap "{cap_id}" together '
                    "by {over}.",
                    name=name,
                    cap_id=cap.id,
                    over=Money(over),
                )
                hint = _("Drop a decision, or lift the cap (`waivers`).")
            case.record_defect("cap-decided", text, cap.path, hint)


KIND = "cap"


def read_caps(caps: Caps, funded: BoolArray, granted_cents: IntArray) -> tuple[RuleReading, ...]:
    """Return one reading per cap in force; its groups are the projects at the limit."""
    if not caps.caps:
        return ()
    n = len(caps.names)
    total, decided = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    np.add.at(total, caps.code[funded], granted_cents[funded])
    decided[caps.code[funded & ~caps.committed & (granted_cents > 0)]] = True
    return tuple(_read(caps, cap, total, decided) for cap in caps.caps)


def _read(caps: Caps, cap: Cap, total: IntArray, decided: BoolArray) -> RuleReading:
    projects = np.flatnonzero(cap.covered & decided)
    slack = cap.limit_cents[projects] - total[projects]
    displayed = projects[slack <= max(0, int(slack.min()))] if len(projects) else projects
    if len(projects) and slack.min() > 0:
        displayed = displayed[:1]
    readings = tuple(
        Reading(caps.names[p], int(total[p]), CENT.denominator, None, int(cap.limit_cents[p]) * CENT)
        for p in displayed.tolist()
    )
    return RuleReading(cap.id, KIND, Mode.HARD, readings, grouped=True)
