"""`rule-prices`: what each rule, fence, separation of money and decision costs, in value and in money."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.document import RulePricesDocument


@partial(
    Study,
    verb="rule-prices",
    help=N_("Gives what each rule, each wall between envelopes and each decision costs."),
    note=N_(
        "The price of a rule: what the objective would gain without it, and the money that would "
        "give the same gain."
    ),
    examples="""\
  tnt-sim rule-prices scenario.yaml
  tnt-sim rule-prices scenario.yaml --kind rule --out prix.html
""",
    title=_("what each constraint costs"),
    document="analysis.marginal.document.RulePricesDocument",
    table="prices",
    answer="tnt_sim.studies.rule_prices.answer",
    next=("marginal-euro {it}",),
)
def rule_prices(
    ask: Ask,
    *,
    envelope: Annotated[
        str | None,
        TypedOption(
            "--envelope",
            N_("The envelope whose increase would make up for each rule; the programme by default."),
        ),
    ] = None,
    kinds: Annotated[
        Sequence[str] | None,
        TypedOption(
            "--kind",
            N_("rule, ring_fence, non_fungible, forced or refused, as often as needed; all by default."),
            N_("KIND"),
        ),
    ] = None,
) -> RulePricesDocument:
    """Compute what each rule, fence, separation of money and decision costs, in value and in money.

    Parameters
    ----------
    envelope : the one that receives the compensating money. Default: the programme
    kinds : some of `rule`, `ring_fence`, `non_fungible`, `forced`, `refused`. Default: all

    Examples
    --------
    >>> scenario.analyse.rule_prices(kinds=["rule"]).to_dataframe()["id"].to_list()[:1]
    ['part-communes']
    """
    from tnt_sim.analysis.marginal.document import RulePricesDocument, build_head, build_reference_entry
    from tnt_sim.analysis.marginal.rule_prices import Price, check_kinds, compute_prices
    from tnt_sim.analysis.shared.envelope_path import build_envelope_path

    chosen, base = check_kinds(kinds), ask.base
    path = build_envelope_path(base.problem, envelope or base.problem.case.tree.ids[0])
    prices, unsettled, course = list[Price](), list[str](), ask.count("questions")
    with course.catch_limits():
        compute_prices(
            base,
            path,
            kinds=chosen,
            clock=ask.clock,
            report_progress=ask.report,
            into=prices,
            unsettled=unsettled,
            course=course,
        )
    return RulePricesDocument(
        **build_head(base.problem, path, course, course.status, ask.lang),
        base=build_reference_entry(base),
        unsettled=unsettled,
        prices=prices,
    )
