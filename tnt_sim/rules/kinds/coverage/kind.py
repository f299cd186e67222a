"""The rule kind `coverage`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.coverage.check import add_coverage_rows, add_priced_coverage_rows
from tnt_sim.rules.kinds.coverage.rule import Coverage, CoverageSpec, compile_coverage
from tnt_sim.rules.kinds.coverage.text import (
    EXAMPLE,
    KEYS,
    LABEL,
    describe_coverage,
    describe_reach,
    format_coverage_formula,
)

COVERAGE = RuleKind(
    name="coverage",
    spec=CoverageSpec,
    compile_rule=compile_coverage,
    second_reading={Coverage: add_coverage_rows},
    priced_reading={Coverage: add_priced_coverage_rows},
    label=LABEL,
    describe=describe_coverage,
    format_formula=format_coverage_formula,
    example=EXAMPLE,
    keys=KEYS,
    describe_compiled=describe_reach,
)
