"""The rule kind `requires`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.requires.check import add_requires_rows
from tnt_sim.rules.kinds.requires.clashes import refuse_cycles
from tnt_sim.rules.kinds.requires.rule import Requires, RequiresSpec, compile_requires
from tnt_sim.rules.kinds.requires.text import EXAMPLE, KEYS, LABEL, describe_requires, format_requires_formula

REQUIRES = RuleKind(
    name="requires",
    spec=RequiresSpec,
    compile_rule=compile_requires,
    second_reading={Requires: add_requires_rows},
    label=LABEL,
    describe=describe_requires,
    format_formula=format_requires_formula,
    example=EXAMPLE,
    keys=KEYS,
    refuse_clashes=refuse_cycles,
)
