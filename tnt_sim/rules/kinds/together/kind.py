"""The rule kind `together`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.together.check import add_together_rows
from tnt_sim.rules.kinds.together.rule import Together, TogetherSpec, compile_together
from tnt_sim.rules.kinds.together.text import EXAMPLE, LABEL, describe_together, format_together_formula

TOGETHER = RuleKind(
    name="together",
    spec=TogetherSpec,
    compile_rule=compile_together,
    second_reading={Together: add_together_rows},
    label=LABEL,
    describe=describe_together,
    format_formula=format_together_formula,
    example=EXAMPLE,
)
