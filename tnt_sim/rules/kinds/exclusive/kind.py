"""The rule kind `exclusive`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.exclusive.check import add_exclusive_rows
from tnt_sim.rules.kinds.exclusive.rule import Exclusive, ExclusiveSpec, compile_exclusive
from tnt_sim.rules.kinds.exclusive.text import (
    EXAMPLE,
    KEYS,
    LABEL,
    describe_exclusive,
    format_exclusive_formula,
)

EXCLUSIVE = RuleKind(
    name="exclusive",
    spec=ExclusiveSpec,
    compile_rule=compile_exclusive,
    second_reading={Exclusive: add_exclusive_rows},
    label=LABEL,
    describe=describe_exclusive,
    format_formula=format_exclusive_formula,
    example=EXAMPLE,
    keys=KEYS,
)
