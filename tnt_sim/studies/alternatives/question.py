"""`alternatives`: near-optimal allocations that differ as much as possible."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.alternatives.alternatives import AlternativesResult

MOST = 100
"""Most other choices that are looked for."""


@partial(
    Study,
    verb="alternatives",
    help=N_("Finds other allocations, nearly as good and as different as possible."),
    examples="""\
  tnt-sim alternatives scenario.yaml --count 3
  tnt-sim alternatives scenario.yaml --within "0,5 %" --count 2 --by money
""",
    title=_("other choices"),
    document="analysis.alternatives.document.AlternativesDocument",
    table="dossiers",
    answer="tnt_sim.studies.alternatives.answer",
    next=("rule-prices {it}",),
)
def alternatives(
    ask: Ask,
    *,
    within: Annotated[
        Fraction | str, TypedOption("--within", N_("The loss that is allowed; 1% by default."), N_("SHARE"))
    ] = "1 %",
    count: Annotated[int, TypedOption("--count", N_("How many other choices."), "K")] = 10,
    by: Annotated[
        str, TypedOption("--by", N_("Different by applications or by money."), "dossiers|money")
    ] = "dossiers",
    steer: Annotated[
        bool, TypedOption("--steer/--no-steer", N_("Also the most rural, shared and balanced."), None)
    ] = True,
) -> AlternativesResult:
    """Find allocations within a loss of the first objective that differ as much as possible.

    Parameters
    ----------
    within : share of the best value of the first objective that may be lost, as "1 %" or a fraction
    count : number of allocations to find, 100 at most
    by : `dossiers` (number of decisions that differ) or `money` (money granted elsewhere)
    steer : whether to find also the most rural, the most mutualised and the most balanced

    Raises
    ------
    UsageError
        For a scenario with several steps, an unknown `by`, a `count` or a loss outside its bounds.

    Examples
    --------
    >>> scenario.analyse.alternatives(count=1).status
    'optimal'
    """
    from tnt_sim.analysis.alternatives.alternatives import search_alternatives
    from tnt_sim.errors import UsageError
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import list_decision_steps

    if by not in ("dossiers", "money"):
        raise UsageError(_('--by is dossiers or money, not "{by}".', by=by))
    if not 0 <= count <= MOST:
        raise UsageError(_("--count goes from 0 to {most}.", most=MOST), code="usage.count")
    loss = parse_loss(within)
    steps = list_decision_steps(ask.scenario)
    if len(steps) > 1:
        raise UsageError(_("`alternatives` looks at one decision, and this scenario has several steps."))
    problem = compile_problem(steps[0].scenario)
    ask.clock.begin()
    result = search_alternatives(
        problem, loss, count, ask.clock, by=by, steer=steer, report_progress=ask.report
    )
    return replace(result, lang=ask.lang)


def parse_loss(within: Fraction | str) -> Fraction:
    """Return the share of the first objective that may be lost, in [0, 1]."""
    from tnt_sim.domain.money import MoneyError, parse_rate
    from tnt_sim.errors import UsageError

    try:
        loss = parse_rate(within) if isinstance(within, str) else Fraction(within)
    except MoneyError as error:
        raise UsageError(
            _('--within "{typed}" is not a share: {error}', typed=str(within), error=error.text),
            code="usage.within",
        ) from error
    if not 0 <= loss <= 1:
        raise UsageError(_("--within goes from 0 to 100%."), code="usage.within")
    return loss
