"""What all rules have in common as written."""

from __future__ import annotations

from tnt_sim.fields import Cents, Code, Count, Described, Flag, Number, Spec
from tnt_sim.rules.base import Mode


class PenaltySpec(Spec):
    """The price of breaking a rule: `cost` of a stage's value for each `per` of distance."""

    cost: Number
    per: Cents | Number = 1
    stage: Count = 1


class RuleSpec(Described):
    """A rule of the scenario: hard unless it has a penalty or is only reported."""

    id: Code
    penalty: PenaltySpec | None = None
    report: Flag = False


def mode_of(spec: RuleSpec) -> Mode:
    """How strictly a rule is meant."""
    return Mode.REPORT if spec.report else Mode.HARD
