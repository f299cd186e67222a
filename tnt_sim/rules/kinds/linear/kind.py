"""The rule kind `linear`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.linear.check import add_linear_rows, add_priced_linear_rows
from tnt_sim.rules.kinds.linear.rule import Linear, LinearSpec, compile_linear
from tnt_sim.rules.kinds.linear.text import EXAMPLE, KEYS, LABEL, describe_linear, format_linear_formula

LINEAR = RuleKind(
    name="linear",
    spec=LinearSpec,
    compile_rule=compile_linear,
    second_reading={Linear: add_linear_rows},
    priced_reading={Linear: add_priced_linear_rows},
    label=LABEL,
    describe=describe_linear,
    format_formula=format_linear_formula,
    example=EXAMPLE,
    keys=KEYS,
)
