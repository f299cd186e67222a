"""`weights`: the allocations that no other dominates when the weights of criteria are known in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption, split_names
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.preferences.partial_weights import WeightsResult


def parse_ranges(texts: Sequence[str] | None) -> dict[str, tuple[str, str]]:
    """Return the lowest and the highest weight of each criterion, from `score=30%:60%`."""
    return dict(map(_parse_range, texts or ()))


def _parse_range(text: str) -> tuple[str, tuple[str, str]]:
    from tnt_sim.domain.money import MoneyError, parse_rate
    from tnt_sim.errors import UsageError

    name, __, both = text.partition("=")
    low, colon, high = both.partition(":")
    try:
        if not colon:
            raise MoneyError("not_a_number")
        parse_rate(low), parse_rate(high)
    except MoneyError as error:
        raise UsageError(
            _('--range "{typed}" is not of the form CRITERION=LOW:HIGH (score=30%:60%).', typed=text),
            code="usage.range",
        ) from error
    return name.strip(), (low.strip(), high.strip())


@partial(
    Study,
    verb="weights",
    help=N_("Finds the allocations that can be the best when the weights of criteria are uncertain."),
    examples="""\
  tnt-sim weights scenario.yaml --criteria score,population \\
    --order score,population
""",
    title=_("by the weights"),
    document="analysis.preferences.document.WeightsDocument",
    table="dossiers",
    answer="tnt_sim.studies.weights.answer",
    next=("alternatives {it}",),
)
def weights(
    ask: Ask,
    criteria: Annotated[
        Sequence[str],
        TypedOption("--criteria", N_("The measures, separated by commas."), "A,B,C", split_names),
    ],
    *,
    ranges: Annotated[
        Mapping[str, tuple[str, str]] | None,
        TypedOption(
            "--range",
            N_('The weight of a criterion: --range score="30%:60%".'),
            N_("A=LOW:HIGH"),
            parse_ranges,
        ),
    ] = None,
    order: Annotated[
        Sequence[str],
        TypedOption("--order", N_("Criteria, from the most to the least important."), "A,B", split_names),
    ] = (),
    seed: int = 1,
    draws: int = 60,
) -> WeightsResult:
    """Find the non-dominated allocations when weights are known only by ranges and an order.

    The objective of the scenario is not used.

    Parameters
    ----------
    criteria : two or more measures, each better when larger
    ranges : lowest and highest weight of some criteria, such as ("20 %", "50 %"); weights sum to 100 %
    order : criteria, each with a weight at least that of the next
    seed, draws : of the sampling above 40 candidates or three criteria

    Raises
    ------
    UsageError
        For unknown criteria, if no weights satisfy the statements, or for a scenario with steps.

    Examples
    --------
    >>> scenario.analyse.weights(["score", "dossiers"]).status
    'optimal'
    """
    from tnt_sim.analysis.preferences.partial_weights import search_weights
    from tnt_sim.analysis.shared.reference_solution import check_single_decision
    from tnt_sim.scenario.problem import compile_problem

    check_single_decision(ask.scenario)
    result = search_weights(
        compile_problem(ask.scenario),
        criteria,
        ask.count("solves"),
        ranges=ranges or {},
        order=order,
        seed=seed,
        draws=draws,
        report_progress=ask.report,
    )
    return replace(result, lang=ask.lang)
