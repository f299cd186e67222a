"""The rule kind `equity`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.equity.check import add_equity_rows
from tnt_sim.rules.kinds.equity.rule import Equity, EquitySpec, compile_equity
from tnt_sim.rules.kinds.equity.text import EXAMPLE, KEYS, LABEL, describe_equity, format_equity_formula

EQUITY = RuleKind(
    name="equity",
    spec=EquitySpec,
    compile_rule=compile_equity,
    second_reading={Equity: add_equity_rows},
    label=LABEL,
    describe=describe_equity,
    format_formula=format_equity_formula,
    example=EXAMPLE,
    keys=KEYS,
    reads_amounts=True,
)
