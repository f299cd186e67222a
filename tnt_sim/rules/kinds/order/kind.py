"""The rule kind `order`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.order.check import add_order_rows, add_queue_rows
from tnt_sim.rules.kinds.order.rule import FirstCome, Order, OrderSpec, compile_order
from tnt_sim.rules.kinds.order.text import EXAMPLE, KEYS, LABEL, describe_order, format_order_formula

ORDER = RuleKind(
    name="order",
    spec=OrderSpec,
    compile_rule=compile_order,
    second_reading={Order: add_order_rows, FirstCome: add_queue_rows},
    label=LABEL,
    describe=describe_order,
    format_formula=format_order_formula,
    example=EXAMPLE,
    keys=KEYS,
    reads_amounts=True,
)
