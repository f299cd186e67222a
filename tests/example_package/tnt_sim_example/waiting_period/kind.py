"""The rule kind `waiting_period`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim_example.waiting_period.check import add_waiting_period_rows
from tnt_sim_example.waiting_period.rule import WaitingPeriod, WaitingPeriodSpec, compile_waiting_period
from tnt_sim_example.waiting_period.text import (
    EXAMPLE,
    KEYS,
    LABEL,
    describe_waiting_period,
    format_waiting_period_formula,
)

WAITING_PERIOD = RuleKind(
    name="waiting_period",
    spec=WaitingPeriodSpec,
    compile_rule=compile_waiting_period,
    second_reading={WaitingPeriod: add_waiting_period_rows},
    label=LABEL,
    describe=describe_waiting_period,
    format_formula=format_waiting_period_formula,
    example=EXAMPLE,
    keys=KEYS,
)
