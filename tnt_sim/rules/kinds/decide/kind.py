"""The rule kind `decide`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.decide.check import add_decision_rows
from tnt_sim.rules.kinds.decide.rule import compile_decide
from tnt_sim.rules.kinds.decide.text import EXAMPLE, KEYS, LABEL, describe_decide, format_decide_formula
from tnt_sim.rules.offers.decisions import DecideSpec, Decisions

DECIDE = RuleKind(
    name="decide",
    spec=DecideSpec,
    compile_rule=compile_decide,
    second_reading={Decisions: add_decision_rows},
    label=LABEL,
    describe=describe_decide,
    format_formula=format_decide_formula,
    example=EXAMPLE,
    keys=KEYS,
)
