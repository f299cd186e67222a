"""The rule kind `share`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.share.check import add_priced_share_rows, add_share_rows
from tnt_sim.rules.kinds.share.clashes import refuse_share_clashes
from tnt_sim.rules.kinds.share.rule import Share, ShareSpec, compile_share
from tnt_sim.rules.kinds.share.text import EXAMPLE, KEYS, LABEL, describe_share, format_share_formula

SHARE = RuleKind(
    name="share",
    spec=ShareSpec,
    compile_rule=compile_share,
    second_reading={Share: add_share_rows},
    priced_reading={Share: add_priced_share_rows},
    label=LABEL,
    describe=describe_share,
    format_formula=format_share_formula,
    example=EXAMPLE,
    keys=KEYS,
    refuse_clashes=refuse_share_clashes,
)
