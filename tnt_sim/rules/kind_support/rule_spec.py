"""Keys that all kinds of rule share in a scenario, and their checks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, Literal

from tnt_sim.domain.field_types import Code, Count, Described, Flag, Number, Rate, Spec
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.comparisons import parse_number
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.rules.protocols import Case, Mode, Path, Penalty


class ShareOfAmount(Spec):
    """A bound written as a share of an envelope's written amount."""

    share: Rate
    of_amount: Code


MONEY_MEASURES = frozenset({"granted", "cost", "base", "requested", "leverage"})
"""Built-in measures in euros."""


class PenaltySpec(Spec):
    """The price of breaking a rule: `cost` of a stage's value for each `per` of distance."""

    cost: Number
    per: str = "1"
    stage: Count = 1


class RuleSpec(Described):
    """A rule of the scenario: hard unless it has a penalty or is only reported."""

    id: Code
    penalty: PenaltySpec | None = None
    report: Flag = False
    kind: str
    counts_pairs: ClassVar[bool] = False
    """Whether a penalty is counted per violated pair or dossier, not per unit of distance."""
    scope_key: ClassVar[str] = "where"
    """Key of the selector that says which dossiers the rule is about."""

    @property
    def figure_unit(self) -> Literal["money", "rate", "decimal"]:
        """How the figures of the rule's reading are written."""
        return "decimal"

    @property
    def is_ceiling(self) -> bool:
        """Whether the rule keeps something low, so that a dossier gains by escaping it."""
        return getattr(self, "max", None) is not None

    @property
    def binds(self) -> Literal["all", "fundable", "free"]:
        """Which dossiers it relates: all, the `fundable` ones (in play), or the `free` ones (not settled)."""
        return "all"

    def can_be_escaped(self, columns: Sequence[str]) -> bool:
        """Whether a dossier with an empty cell in one of the columns of `by` escapes the rule unduly."""
        return True

    def list_amount_shares(self) -> dict[str, ShareOfAmount]:
        """Return the bounds that are shares of an envelope's amount, by side."""
        bounds = {side: getattr(self, side, None) for side in ("min", "max")}
        return {side: bound for side, bound in bounds.items() if isinstance(bound, ShareOfAmount)}

    def list_side_files(self) -> dict[str, str]:
        """Return the side tables that the rule names, by key."""
        return {}


def get_mode(spec: RuleSpec) -> Mode:
    """Return whether a rule is hard, penalised or only reported."""
    if spec.report:
        return Mode.REPORT
    return Mode.HARD if spec.penalty is None else Mode.PENALTY


def compile_penalty(spec: RuleSpec, case: Case, unit: Unit, path: Path) -> Penalty | None:
    """Return the price of a rule per unit of its distance; None without one, or with a defect recorded.

    The scenario gives `cost` per `per` of distance; `per` is read in the unit of the rule's measure.
    """
    if spec.penalty is None or spec.report:
        return None
    per = parse_number(case, spec.penalty.per, unit, (*path, "penalty", "per"))
    if per is None:
        return None
    if per <= 0 or spec.penalty.cost < 0 or spec.penalty.stage < 1:
        case.record_defect(
            "penalty",
            _("a penalty needs a `cost` of zero or more, a positive `per` and a `stage` from 1."),
            (*path, "penalty"),
        )
        return None
    return Penalty(spec.penalty.stage - 1, spec.penalty.cost / per)


def has_valid_bounds(
    spec: RuleSpec, minimum: Fraction | None, maximum: Fraction | None, case: Case, path: Path
) -> bool:
    """Return whether a rule has a bound (or is only reported) and minimum ≤ maximum.

    Records a defect otherwise.
    """
    if minimum is None and maximum is None and get_mode(spec) is not Mode.REPORT:
        case.record_defect(
            "no-bound",
            _("this rule has neither `min` nor `max`."),
            path,
            _("Give a bound, or `report: true`."),
        )
        return False
    if minimum is not None and maximum is not None and minimum > maximum:
        case.record_defect(
            "bounds-crossed",
            _("the minimum is above the maximum."),
            (*path, "min"),
            _("Swap them, or correct one of the two."),
            subject=(spec.id,),
        )
        return case.keeps_clashes
    return True
