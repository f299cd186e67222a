"""The rule kind `schedule`."""

from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.schedule.check import add_priced_schedule_rows, add_schedule_rows
from tnt_sim.rules.kinds.schedule.rule import Schedule, ScheduleSpec, compile_schedule
from tnt_sim.rules.kinds.schedule.text import EXAMPLE, KEYS, LABEL, describe_schedule, format_schedule_formula

SCHEDULE = RuleKind(
    name="schedule",
    spec=ScheduleSpec,
    compile_rule=compile_schedule,
    second_reading={Schedule: add_schedule_rows},
    priced_reading={Schedule: add_priced_schedule_rows},
    label=LABEL,
    describe=describe_schedule,
    format_formula=format_schedule_formula,
    example=EXAMPLE,
    keys=KEYS,
)
