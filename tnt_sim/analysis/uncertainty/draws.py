"""Draws of the uncertain inputs of a scenario: sampling, correlation, and the scenario in each draw.

Each draw is a point of the unit cube, from a Latin hypercube, a Sobol sequence or pseudo-random
numbers. A point has one coordinate per row of each input, and one per group of a correlated input.
With z_row and z_group the standard normal scores of these coordinates, a one-factor Gaussian copula
gives::

    score = √rho · z_group + √(1 − rho) · z_row
    value = F⁻¹(Φ(score))

with F the distribution function of the input, and rho the share of variance common to the group.
Events (withdrawal, lapse, …) are Bernoulli: the event happens if the uniform value is below its
probability.

Sources: M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21 (1979), for the Latin
hypercube; S. Joe and F. Y. Kuo, SIAM J. Scientific Computing 30 (2008), for Sobol points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.portfolio import CANONICAL, ColumnKind, Portfolio, get_table_column
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.columns import (
    get_column_kind,
    is_committed,
    read_text_keys,
    record_unknown_column,
)
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Case
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.spec import UncertainSpec, parse_law


@dataclass(frozen=True, eq=False)
class Input:
    """One uncertain input.

    Attributes
    ----------
    spec : as written in the scenario
    rows : rows of the table that it concerns, int64 (n,)
    group : correlation group of each row, from 0, int64 (n,); −1 for independent rows
    rho : share of the variance common to a group, in [0, 1]
    """

    spec: UncertainSpec
    rows: IntArray
    group: IntArray
    rho: float

    @cached_property
    def n_groups(self) -> int:
        """Return the number of correlation groups."""
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def law(self) -> tuple[str, dict[str, float]] | None:
        """Return the distribution and its parameters for a factor or an amount; None for an event."""
        given = self.spec.times if self.spec.times is not None else self.spec.plus
        return None if given is None else parse_law(given)


def list_inputs(problem: Problem) -> tuple[Input, ...]:
    """Return every uncertain input in force, matched with the applications."""
    spec, case = problem.scenario.spec, problem.case
    before = len(case.defects.entries)
    result = []
    for k, entry in enumerate(spec.uncertain):
        if entry.is_in_force(spec.date):
            made = _build_input(case, entry, ("uncertain", k))
            if made is not None:
                result.append(made)
    if len(case.defects.entries) > before:
        raise ScenarioError(case.defects.entries[before:])
    if not result:
        raise UsageError(
            _(
                'the scenario has no part "uncertain": nothing in it is uncertain. For withdrawals, for example, '
                "write: uncertain: [{{id: abandons, event: withdrawn, probability: 4 %}}]"
            ),
            code="usage.ensemble",
        )
    return tuple(result)


def _build_input(case: Case, entry: UncertainSpec, path: tuple[str | int, ...]) -> Input | None:
    mask = select(case, entry.where, (*path, "where"))
    if mask is None or not _is_numeric_column(case, entry, path):
        return None
    rows = np.flatnonzero(mask)
    group, rho = np.full(len(rows), -1, dtype=np.int64), 0.0
    if entry.correlated is not None:
        by = entry.correlated.by
        if get_column_kind(case, by) is None:
            record_unknown_column(case, by, (*path, "correlated", "by"))
            return None
        codes = read_text_keys(case, by).gather(rows)
        names = sorted(set(codes.to_list()))
        place = {name: number for number, name in enumerate(names)}
        group = np.array([place[name] for name in codes.to_list()], dtype=np.int64)
        rho = float(entry.correlated.rho)
    return Input(entry, rows, group, rho)


def _is_numeric_column(case: Case, entry: UncertainSpec, path: tuple[str | int, ...]) -> bool:
    """Whether the column is numeric: money, decimals or integers."""
    if entry.column is None:
        return True
    kind = CANONICAL.get(entry.column)
    name = get_table_column(entry.column)
    if name not in case.table.columns:
        record_unknown_column(case, entry.column, (*path, "column"))
        return False
    known = kind in (ColumnKind.MONEY, ColumnKind.DECIMAL, ColumnKind.INTEGER)
    if known or case.table.schema[name].is_numeric():
        return True
    if kind is None and case.table.schema[name] == pl.String:
        faults = case.portfolio.read_numbers(name)[1]
        case.defects.entries.extend(faults)
        return not faults
    case.record_defect(
        "uncertain-column",
        _('"{column}" is not a number.', column=entry.column),
        (*path, "column"),
    )
    return False


FloatArray = NDArray[np.float64]
SAMPLINGS = ("lhs", "sobol", "random")
MOST_SOBOL = 21_201
MOST_FIGURES = 200_000_000
"""Most coordinates of all points together: 1.6 GB per process."""
CELLS_AT_ONCE = 1_000_000
"""Figures drawn between two looks at the clock, about 20 ms."""
DIGITS = 9
"""Decimals kept, so that results do not depend on the last bits of floating-point arithmetic."""


def check_sample(inputs: Sequence[Input], n_draws: int, sampling: str) -> None:
    """Check that a sample can be made, before any time is spent on it."""
    width = _count_coordinates(inputs)
    if n_draws * width > MOST_FIGURES:
        most = MOST_FIGURES // width
        raise UsageError(
            _(
                "{n_draws} draws of {width} uncertain figures do not fit in memory: {most} at most, or "
                "fewer applications an input (`where`).",
                n_draws=n_draws,
                width=width,
                most=most,
            ),
            code="usage.draws",
        )
    if sampling not in SAMPLINGS:
        raise UsageError(
            _(
                '--sampling is {samplings}, not "{sampling}".',
                samplings=", ".join(SAMPLINGS),
                sampling=sampling,
            ),
            code="usage.sampling",
        )
    if sampling == "sobol" and width > MOST_SOBOL:
        raise UsageError(
            _(
                "{width} uncertain figures: Sobol points take {most_sobol}. Take lhs.",
                width=width,
                most_sobol=MOST_SOBOL,
            ),
            code="usage.sampling",
        )


def _count_coordinates(inputs: Sequence[Input]) -> int:
    return sum(len(one.rows) + one.n_groups for one in inputs)


def sample_points(
    inputs: Sequence[Input],
    n_draws: int,
    seed: int,
    sampling: str = "lhs",
    deadline: Deadline = UNLIMITED,
) -> FloatArray:
    """Sample points of the open unit cube, float (n_draws, n_coordinates).

    Parameters
    ----------
    seed : of the random generator
    sampling : "lhs", "sobol" or "random"
    """
    check_sample(inputs, n_draws, sampling)
    width, random = _count_coordinates(inputs), np.random.default_rng(seed)
    if sampling == "random":
        cube = _draw_uniforms(random, n_draws, width, deadline)
    elif sampling == "lhs":
        cube = sample_latin_hypercube(random, n_draws, max(1, width), deadline)
    else:
        from scipy.stats import qmc

        m = max(0, int(np.ceil(np.log2(max(1, n_draws)))))
        cube = qmc.Sobol(d=max(1, width), rng=random).random_base2(m)[:n_draws]
    tiny = 2.0**-40
    return np.clip(cube[:, :width], tiny, 1 - tiny, out=cube[:, :width])


def _draw_uniforms(random: np.random.Generator, n: int, width: int, deadline: Deadline) -> FloatArray:
    """Draw uniform figures, float (n, width), some rows at a time."""
    cube = np.empty((n, width))
    step = max(1, CELLS_AT_ONCE // max(1, width))
    for start in range(0, n, step):
        deadline.check()
        random.random(out=cube[start : start + step])
    return cube


def sample_latin_hypercube(
    random: np.random.Generator, n: int, width: int, deadline: Deadline = UNLIMITED
) -> FloatArray:
    """Sample a Latin hypercube, float (n, width): each of n equal parts of each coordinate has one point.

        x_ij = (π_j(i) − u_ij) / n,   π_j a random permutation of 1 … n,   u_ij uniform in [0, 1)

    The figures are those of `scipy.stats.qmc.LatinHypercube`, in a third of its memory.

    Source: McKay, Beckman and Conover, Technometrics 21 (1979).

    Examples
    --------
    >>> points = sample_latin_hypercube(np.random.default_rng(0), 4, 1)
    >>> sorted((4 * points[:, 0]).astype(int).tolist())
    [0, 1, 2, 3]
    """
    random = random.spawn(1)[0]  # as scipy does
    cube = _draw_uniforms(random, n, width, deadline)
    step = max(1, CELLS_AT_ONCE // max(1, n))
    ranks = np.arange(1, n + 1)
    for start in range(0, width, step):
        deadline.check()
        columns = cube[:, start : start + step]
        order = np.tile(ranks, (columns.shape[1], 1))
        for row in order:
            random.shuffle(row)
        np.subtract(order.T, columns, out=columns)
        columns /= n
    return cube


def compute_input_values(inputs: Sequence[Input], point: FloatArray) -> list[FloatArray]:
    """Convert one point, (n_coordinates,), to the values of each input, one per row of the input."""
    result, start = [], 0
    for input_ in inputs:
        n, m = len(input_.rows), input_.n_groups
        own, common = point[start : start + n], point[start + n : start + n + m]
        result.append(_compute_values(input_, _apply_copula(input_, own, common)))
        start += n + m
    return result


def _apply_copula(input_: Input, own: FloatArray, common: FloatArray) -> FloatArray:
    if not input_.n_groups:
        return own
    from scipy.special import ndtr, ndtri

    score = np.sqrt(input_.rho) * ndtri(common)[input_.group] + np.sqrt(1 - input_.rho) * ndtri(own)
    joined: FloatArray = ndtr(score)
    return joined


def _compute_values(input_: Input, u: FloatArray) -> FloatArray:
    """Return F⁻¹(u), or 1.0 if the event happens and 0.0 otherwise."""
    law = input_.law
    if law is None:
        assert input_.spec.probability is not None
        return (u < float(input_.spec.probability)).astype(np.float64)
    values = _invert_law(*law, u)
    rounded: FloatArray = np.round(values, DIGITS)
    # A wide normal factor can be negative in its tail; a cost cannot.
    return np.maximum(rounded, 0.0) if input_.spec.times is not None else rounded


def _invert_law(name: str, p: dict[str, float], u: FloatArray) -> FloatArray:
    """Return F⁻¹(u) of a law, as `scipy.stats` computes it, without its checks of each argument."""
    from scipy.special import ndtri

    if name == "uniform":
        return np.asarray(u * (p["high"] - p["low"]) + p["low"])
    if name == "triangular":
        width = p["high"] - p["low"]
        mode = (p["mode"] - p["low"]) / width
        unit = np.where(u < mode, np.sqrt(mode * u), 1 - np.sqrt((1 - mode) * (1 - u)))
        return np.asarray(unit * width + p["low"])
    score = ndtri(u)
    if name == "normal":
        return np.asarray(score * p["sd"] + p["mean"])
    return np.asarray(np.exp(p["sigma"] * score) * p["median"])


OUT = "sans_suite"


@dataclass(frozen=True, eq=False)
class Draw:
    """One draw, by row of the table.

    Attributes
    ----------
    gone : withdrawn, not eligible or not arrived: neither chosen nor paid, bool (n,)
    unpaid : funded but lapsed, bool (n,)
    final : real cost divided by planned cost, float64 (n,)
    changes : (column, rows, new values) for each column that differs
    """

    gone: BoolArray
    unpaid: BoolArray
    final: FloatArray
    changes: tuple[tuple[str, IntArray, pl.Series], ...]

    def compute_paid_cents(self, granted_cents: IntArray) -> IntArray:
        """Return what is paid of each grant, int64 (n,), rounded down.

        Nothing if gone or lapsed; otherwise the grant times min(1, final).
        """
        share = np.where(self.gone | self.unpaid, 0.0, np.minimum(1.0, self.final))
        paid: IntArray = np.floor(granted_cents * share + 1e-6).astype(np.int64)
        return paid


def draw_of(portfolio: Portfolio, inputs: Sequence[Input], values: Sequence[FloatArray]) -> Draw:
    """Build the draw of a table from the values of each input."""
    n = len(portfolio)
    gone, unpaid, final = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.ones(n)
    changed: dict[str, FloatArray] = {}
    for input_, value in zip(inputs, values, strict=True):
        event = input_.spec.event
        if event == "withdrawn":
            gone[input_.rows] |= value > 0
        elif event in ("eligible", "arrives"):
            gone[input_.rows] |= value == 0
        elif event == "lapsed":
            unpaid[input_.rows] |= value > 0
        elif event == "final_cost":
            final[input_.rows] *= value
        else:
            assert input_.spec.column is not None
            name = get_table_column(input_.spec.column)
            if name not in changed:
                changed[name] = _read_floats(portfolio, name).copy()
            now = changed[name]
            now[input_.rows] = (
                now[input_.rows] * value
                if input_.spec.times is not None
                else now[input_.rows] + _convert_to_cents(name, value)
            )
    rows = np.arange(n)
    changes = tuple((name, rows, _round_to_column(portfolio, name, now)) for name, now in changed.items())
    return Draw(gone, unpaid, final, changes)


def _convert_to_cents(name: str, value: FloatArray) -> FloatArray:
    """Convert an added amount to cents if the column holds money."""
    return value * 100 if name.endswith("_cents") else value


def _read_numbers(portfolio: Portfolio, name: str) -> pl.Series:
    """Return a column of numbers; one of the planner's own in a CSV holds them as texts."""
    column = portfolio.table[name]
    return portfolio.read_numbers(name)[0] if column.dtype == pl.String else column


def _read_floats(portfolio: Portfolio, name: str) -> FloatArray:
    return portfolio.memoise(
        ("floats", name), lambda: _read_numbers(portfolio, name).cast(pl.Float64).to_numpy(), (name,)
    )


def _round_to_column(portfolio: Portfolio, name: str, values: FloatArray) -> pl.Series:
    """Round values to the type of a column: whole cents, or as many decimals as its own values have."""
    column, places = portfolio.table[name], 0
    empty = np.isnan(_read_floats(portfolio, name)) | ~np.isfinite(values)
    if column.dtype.is_integer():
        rounded = pl.Series(name, np.where(empty, 0, np.maximum(np.rint(values), 0)).astype(np.int64))
    else:
        places = portfolio.memoise(
            ("decimals", name), lambda: count_decimals(_read_numbers(portfolio, name)), (name,)
        )
        rounded = pl.Series(name, np.round(np.where(empty, 0.0, values), places))
    if empty.any():
        rounded = rounded.set(pl.Series(empty), None)
    if column.dtype == pl.String:
        return rounded.cast(pl.Decimal(38, places)).cast(pl.String).fill_null("")
    return rounded.cast(column.dtype)


def count_decimals(column: pl.Series) -> int:
    """Return the number of decimals of a column's values, at most 6."""
    known = column.drop_nulls().cast(pl.Float64).to_numpy()
    for places in range(6):
        if np.abs(known - np.round(known, places)).max(initial=0.0) < 1e-9:
            return places
    return 6


def build_scenario(scenario: ScenarioData, draw: Draw) -> ScenarioData:
    """Return the scenario of a draw as known at the decision; events after the decision change nothing here."""
    table = scenario.portfolio.table
    columns = [series for _kind, _name, series in draw.changes]
    if draw.gone.any():
        gone = pl.Series(draw.gone)
        columns.append(table["state"].set(gone, OUT))
        if (draw.gone & is_committed(scenario.portfolio)).any():
            columns.append(table["committed_cents"].set(gone, None))
        names = set(table["dossier"].filter(gone).to_list())
        scenario = scenario.without_decisions("fund", "amounts", dossiers=names)
    return replace(scenario, portfolio=scenario.portfolio.replace_columns(columns))
