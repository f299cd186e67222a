"""The rule kind `limit`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.limit.check import add_limit_rows, add_priced_limit_rows
from tnt_sim.rules.kinds.limit.clashes import refuse_limit_clashes
from tnt_sim.rules.kinds.limit.rule import Limit, LimitSpec, compile_limit
from tnt_sim.rules.kinds.limit.text import EXAMPLE, LABEL, describe_limit, format_limit_formula

LIMIT = RuleKind(
    name="limit",
    spec=LimitSpec,
    compile_rule=compile_limit,
    second_reading={Limit: add_limit_rows},
    priced_reading={Limit: add_priced_limit_rows},
    label=LABEL,
    describe=describe_limit,
    format_formula=format_limit_formula,
    example=EXAMPLE,
    refuse_clashes=refuse_limit_clashes,
)
