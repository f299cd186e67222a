"""The model of a scenario for Python users: named rows and columns for PuLP, SciPy, HiGHS, LP and MPS files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tnt_sim.deadline import Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.multi_step import prepare_step
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, find_weakest_proof
from tnt_sim.errors import LimitReached, NothingDecided, UsageError
from tnt_sim.formulation.formulate import Formulation, ModelStage, formulate
from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.formulation.model_files import build_column_table, build_row_table
from tnt_sim.formulation.named_model import FixedStage, NamedModel, build_named_model
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.solve.methods.relaxation_prices import PricedPoint
from tnt_sim.solve.reductions.fixing import compute_bound_in_time
from tnt_sim.studies.told_errors import with_told_errors
from tnt_sim.verify.run_document import format_fraction

if TYPE_CHECKING:
    import pulp

    from tnt_sim.solve.backends.model_objects import ScipyArrays

PLACES = 6

"""Decimals of the bound, the best value and the gap."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The linear relaxation of one stage: an upper bound and prices, never a decision.

    Prices are per unit of the row: per euro for an envelope or a rule on money. Where several vectors of prices
    are optimal, solvers may give different ones; all of them give the same bound.

    Attributes
    ----------
    problem, number : the problem, and the stage from 1
    named : numbers and names of the stage
    point : values and prices in the order of the model
    row_table, column_table : what each name stands for
    """

    problem: Problem = field(repr=False)
    number: int
    named: NamedModel = field(repr=False)
    point: PricedPoint = field(repr=False)
    row_table: pl.DataFrame = field(repr=False)
    column_table: pl.DataFrame = field(repr=False)

    @property
    def solver(self) -> str:
        """Name and version of the solver."""
        return self.point.solver

    @property
    def value(self) -> float:
        """Value of the relaxation as the solver gives it, commitments included."""
        return float(self.named.cost @ self.point.values) + float(self.named.offset)

    @cached_property
    def bound(self) -> Decimal | None:
        """Bound that the prices prove, computed in integers: no allocation is better. Rounded outwards to 10⁻⁶.

        None if they prove none, or within the `time_limit` of the scenario.
        """
        named = self.named
        scales = np.array([float(scale / named.cost_scale) for scale in named.row_scales])
        until = Deadline(self.problem.scenario.spec.solver.time_limit)
        bound = compute_bound_in_time(named.linear, self.point.prices * scales, until)
        if bound is None:
            return None
        steps = named.to_value(bound) * 10**PLACES
        return Decimal(ceil(steps) if named.is_maximised else floor(steps)).scaleb(-PLACES)

    @cached_property
    def best(self) -> Decimal:
        """Best value of the stage in whole decisions, which the engine finds and proves on first use."""
        return Decimal(round(find_best_values(self.problem, self.number)[0][-1] * 10**PLACES)).scaleb(-PLACES)

    @property
    def gap(self) -> Decimal | None:
        """Integrality gap: how far the bound is from the best decision, in the unit of the stage."""
        if self.bound is None:
            return None
        return self.bound - self.best if self.named.is_maximised else self.best - self.bound

    @property
    def rows(self) -> pl.DataFrame:
        """Rows: `name`, `title`, `sense`, `rhs`, `activity`, `slack`, `price`, `measure`, `rhs_from`, `rhs_to`."""
        named, ranges = self.named, self.point.ranges
        activity = named.matrix @ self.point.values
        table = self.row_table
        return table.select("name", "title", "sense", "rhs").with_columns(
            pl.Series("activity", activity),
            pl.Series("slack", np.abs(named.rhs - activity)),
            pl.Series("price", self.point.prices),
            table["measure"],
            _build_range("rhs_from", None if ranges is None else ranges.rhs_from),
            _build_range("rhs_to", None if ranges is None else ranges.rhs_to),
        )

    @property
    def columns(self) -> pl.DataFrame:
        """Columns: `name`, `kind`, `dossier`, `title`, `value`, `cost`, `reduced_cost`, `cost_from`, `cost_to`."""
        ranges = self.point.ranges
        table = self.column_table.select("name", "kind", "dossier", "title", "cost")
        return table.with_columns(
            pl.Series("value", self.point.values),
            pl.Series("reduced_cost", self.point.compute_reduced_costs(self.named)),
            _build_range("cost_from", None if ranges is None else ranges.cost_from),
            _build_range("cost_to", None if ranges is None else ranges.cost_to),
        )


def _build_range(name: str, values: FloatArray | None) -> pl.Expr | pl.Series:
    return pl.lit(None, dtype=pl.Float64).alias(name) if values is None else pl.Series(name, values)


def find_best_values(problem: Problem, n_stages: int) -> tuple[tuple[Fraction, ...], Proof]:
    """Return the best value of each of the first stages, in its unit, and how all of them were shown.

    The stage after the last objective is the least total granted, in euros.

    Raises
    ------
    NothingDecided
        If no allocation satisfies all rules.
    LimitReached
        If the time limit of the scenario came before the best values were shown to be so.
    """
    clock = Clock(problem.scenario.spec.solver.time_limit)
    clock.begin()
    n_goals = len(problem.stages)
    outcome = _solve_stages(problem, clock, n_stages=min(n_stages, n_goals), least_granted=False)
    if n_stages <= n_goals:
        return outcome.bests[:n_stages], _get_proof(outcome)
    limits = tuple(
        value - stage.tolerance * abs(value) * (1 if stage.sense is Sense.MAXIMISE else -1)
        for stage, value in zip(problem.stages, outcome.bests, strict=True)
    )
    least = _solve_stages(problem, clock, kept_values=limits)
    proof = find_weakest_proof([_get_proof(outcome), _get_proof(least)])
    return (*outcome.bests, Fraction(least.granted_cents or 0, 100)), proof or Proof.FEASIBLE_GAP


def _solve_stages(problem: Problem, clock: Clock, **options: Any) -> SolveOutcome:
    """Solve stages to a shown optimum, without breaking ties."""
    spec = problem.scenario.spec.solver
    chosen = OptimiseOptions(canonical=False, backend=spec.backend, cross_check=spec.cross_check, **options)
    outcome = optimise(problem, chosen, clock=clock)
    if outcome.status is Status.INFEASIBLE:
        raise NothingDecided(_("no allocation satisfies all rules: there are no values to keep."))
    if outcome.status is not Status.OPTIMAL:
        raise LimitReached(_("the best values of the earlier stages were not shown within the time limit."))
    return outcome


def _get_proof(outcome: SolveOutcome) -> Proof:
    return outcome.proof or Proof.FEASIBLE_GAP


def build_fixed_stages(form: Formulation, values: tuple[Fraction, ...]) -> list[FixedStage]:
    """Return the first stages with the worst whole units that later stages may give them, tolerance included."""
    return [
        FixedStage(
            number, stage, stage.to_solve_stage().compute_limit(int(value / stage.scale - stage.constant))
        )
        for number, (stage, value) in enumerate(zip(form.stages, values, strict=False), start=1)
    ]


LEAST_GRANTED = "least granted"

"""Name of the stage after the planner's objectives: the least total granted among what is best for them."""


@dataclass
class _SolvedStages:
    """Best values of the first stages, as far as a model needed them."""

    values: tuple[Fraction, ...] = ()
    proof: Proof | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """The mixed-integer program of one stage of a scenario, in euros and points, with readable names.

    A later stage has the best values of the earlier ones as rows; the engine finds and proves them on first use.
    A scenario with steps has a model for each step, where the grants of the earlier ones are committed. The
    objective leaves out what is already committed: the value of the stage is the objective plus `offset`.

    Attributes
    ----------
    scenario : the scenario, or one of its steps
    number : the stage, from 1; one more than the objectives for « least granted »
    """

    scenario: ScenarioData
    problem: Problem = field(repr=False)
    form: Formulation = field(repr=False)
    number: int = 1
    _solved: _SolvedStages = field(default_factory=_SolvedStages, repr=False)

    @classmethod
    def from_scenario(cls, scenario: ScenarioData, stage: int | str = 1, *, step: int | str = 1) -> Model:
        """Build the model of a scenario; see `Scenario.model`.

        Examples
        --------
        >>> tnt.Model.from_scenario(scenario).number
        1
        """
        decided = prepare_step(scenario, step)
        problem = compile_problem(decided)
        return cls(decided, problem, formulate(problem, whole=False)).with_stage(stage)

    @with_told_errors
    def with_stage(self, stage: int | str) -> Model:
        """Return the model of another stage: its number from 1, its name, or `least granted`.

        Raises
        ------
        UsageError
            If there is no such stage.

        Examples
        --------
        >>> scenario.model().with_stage("least granted").number
        2
        """
        names = [item.name for item in self._stages]
        number = names.index(stage) + 1 if stage in names else stage
        if not isinstance(number, int) or not 1 <= number <= len(names):
            listed = ", ".join(f"{k} ({name})" for k, name in enumerate(names, start=1))
            raise UsageError(_('there is no stage "{stage}": {listed}.', stage=str(stage), listed=listed))
        return replace(self, number=number)

    @cached_property
    def named(self) -> NamedModel:
        """Numbers and names of the stage; `named.linear` has the same rows in whole numbers."""
        n_fixed = self.number - 1
        if len(self._solved.values) < n_fixed:
            self._solved.values, self._solved.proof = find_best_values(self.problem, n_fixed)
        fixed = build_fixed_stages(self.form, self._solved.values[:n_fixed])
        return build_named_model(self.form, self._stages[n_fixed], fixed, self.scenario.id)

    @property
    def rows(self) -> pl.DataFrame:
        """Its rows: `name`, `kind`, `id`, `group`, `side`, `title`, `sense`, `rhs`, `measure`, `unit`."""
        return build_row_table(self.problem, self.named)

    @property
    def columns(self) -> pl.DataFrame:
        """Its columns: `name`, `kind`, `dossier`, `title`, `amount`, `lower`, `upper`, `cost`."""
        return build_column_table(self.problem, self.form, self.named)

    @property
    def stages(self) -> pl.DataFrame:
        """The stages: `number`, `name`, `sense`, `unit`, `tolerance`; once known, best `value` and `proof`."""
        solved = self._solved
        n_open = len(self._stages) - len(solved.values)
        values = [*(format_fraction(value) for value in solved.values), *[None] * n_open]
        return pl.DataFrame(
            {
                "number": range(1, len(self._stages) + 1),
                "name": [stage.name for stage in self._stages],
                "sense": [stage.sense.value for stage in self._stages],
                "unit": [stage.unit.value for stage in self._stages],
                "tolerance": [format_fraction(stage.tolerance) for stage in self._stages],
                "value": values,
                "proof": [solved.proof.value if value and solved.proof else None for value in values],
            },
            schema_overrides={"value": pl.String, "proof": pl.String},
        )

    @property
    def offset(self) -> float:
        """Value of the commitments, which the objective leaves out."""
        return float(self.named.offset)

    @property
    def _stages(self) -> tuple[ModelStage, ...]:
        return (*self.form.stages, replace(self.form.least_granted, name=LEAST_GRANTED))

    @with_told_errors
    def to_pulp(self, stage: int | str | None = None, *, relax: bool = False) -> pulp.LpProblem:
        """Return the stage as a PuLP problem: names, rows that may be added, and solvers that are not HiGHS.

        Examples
        --------
        >>> problem = scenario.model().to_pulp()
        >>> problem.constraints()[0].name
        'envelope_programme'
        """
        from tnt_sim.solve.backends.model_objects import build_pulp_problem

        return build_pulp_problem(self._select(stage), relax=relax)

    @with_told_errors
    def to_scipy(self, stage: int | str | None = None) -> ScipyArrays:
        """Return the stage as arrays for `scipy.optimize.milp` and `linprog`.

        Examples
        --------
        >>> from scipy.optimize import milp
        >>> arrays = scenario.model().to_scipy()
        >>> round(arrays.sign * milp(**arrays.to_milp()).fun + arrays.offset, 6)
        226.5
        """
        from tnt_sim.solve.backends.model_objects import build_scipy_arrays

        return build_scipy_arrays(self._select(stage))

    @with_told_errors
    def to_highs(self, stage: int | str | None = None, *, relax: bool = False) -> Any:
        """Return the stage as a silent `highspy.Highs`, with its names, not yet run.

        Examples
        --------
        >>> highs = scenario.model().to_highs()
        >>> highs.run().name, round(highs.getObjectiveValue(), 6)
        ('kOk', 226.5)
        """
        from tnt_sim.solve.backends.model_objects import build_highs

        return build_highs(self._select(stage), relax=relax)

    @with_told_errors
    def to_lp(self, path: Path | str | None = None, stage: int | str | None = None) -> str:
        """Return the stage as a CPLEX LP file, and write it to a file if a path is given.

        Examples
        --------
        >>> scenario.model().to_lp("model.lp").splitlines()[2]
        'Maximize'
        """
        from tnt_sim.formulation.model_files import render_lp

        return _write_text(render_lp(self._select(stage)), path)

    @with_told_errors
    def to_mps(self, path: Path | str | None = None, stage: int | str | None = None) -> str:
        """Return the stage as a free MPS file, which always minimises, and write it to a file if a path is given.

        Examples
        --------
        >>> scenario.model().to_mps().splitlines()[1]
        '* value of the stage = -objective + 0'
        """
        from tnt_sim.formulation.model_files import render_mps

        return _write_text(render_mps(self._select(stage)), path)

    @with_told_errors
    def relax(self, stage: int | str | None = None, *, solver: str = "highs") -> Relaxation:
        """Solve the linear relaxation of the stage: value, exact bound, prices, ranges and integrality gap.

        It keeps the `time_limit` of the scenario.

        Parameters
        ----------
        solver : `highs`, which also gives ranges, `scipy` or `pulp:NAME`

        Raises
        ------
        NothingDecided
            If no point satisfies all rows.
        LimitReached
            If time ran out first.

        Examples
        --------
        >>> relaxed = scenario.model().relax()
        >>> relaxed.rows.filter(relaxed.rows["price"] > 0)["name"].to_list()[0]
        'envelope_programme'
        >>> relaxed.bound >= relaxed.best
        True
        """
        from tnt_sim.solve.methods.relaxation_prices import solve_relaxation_of

        chosen = self if stage is None else self.with_stage(stage)
        deadline = Deadline(self.problem.scenario.spec.solver.time_limit)
        point = solve_relaxation_of(chosen.named, solver, deadline)
        return Relaxation(chosen.problem, chosen.number, chosen.named, point, chosen.rows, chosen.columns)

    def _select(self, stage: int | str | None) -> NamedModel:
        return self.named if stage is None else self.with_stage(stage).named


def _write_text(text: str, path: Path | str | None) -> str:
    if path is not None:
        from tnt_sim.engine.run_folder.atomic_write import put_file

        put_file(Path(path), text.encode())
    return text
