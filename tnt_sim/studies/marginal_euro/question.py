"""`marginal-euro`: the least useful increase of each envelope, and the gain of each relaxed rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, _
from tnt_sim.studies.options import TypedOption, split_names
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.document import NextEuroDocument
    from tnt_sim.scenario.problem import Problem


@partial(
    Study,
    verb="marginal-euro",
    help=N_("Gives the least useful increase of each envelope, and the gain of each relaxed rule."),
    note=N_("The least useful increase is the smallest one that improves an objective by a unit."),
    examples="""\
  tnt-sim marginal-euro scenario.yaml
  tnt-sim marginal-euro scenario.yaml --envelope numerique --rule part-communes
""",
    title=_("what the next euro is worth"),
    document="analysis.marginal.document.NextEuroDocument",
    table="next",
    answer="tnt_sim.studies.marginal_euro.answer",
    next=("entry-thresholds {it}", "rule-prices {it}"),
)
def marginal_euro(
    ask: Ask,
    *,
    envelopes: Annotated[
        Sequence[str] | None,
        TypedOption(
            "--envelope",
            N_("The envelope to examine, as often as needed; all by default."),
            parse=split_names,
        ),
    ] = None,
    rules: Annotated[
        Sequence[str] | None,
        TypedOption(
            "--rule", N_("The rule to examine, as often as needed; all by default."), parse=split_names
        ),
    ] = None,
) -> NextEuroDocument:
    """Find the least increase of each envelope, or violation of each rule, that gains one unit.

    Parameters
    ----------
    envelopes, rules : ids to examine. Default: all

    Raises
    ------
    UsageError
        If an envelope or a rule does not exist, or if the scenario has steps.

    Examples
    --------
    >>> scenario.analyse.marginal_euro(envelopes=["programme"], rules=[]).to_dataframe().height
    1
    """
    from tnt_sim.analysis.marginal.document import NextEuroDocument, build_head, build_reference_entry
    from tnt_sim.analysis.marginal.marginal_euro import NextEuro, compute_marginal_euros

    base = ask.base
    check_rules(base.problem, rules or ())
    steps, course = list[NextEuro](), ask.count("questions")
    with course.catch_limits():
        compute_marginal_euros(
            base,
            envelopes=envelopes,
            rules=rules,
            clock=ask.clock,
            report_progress=ask.report,
            into=steps,
            course=course,
        )
    return NextEuroDocument(
        **build_head(base.problem, None, course, course.status, ask.lang),
        base=build_reference_entry(base),
        next=steps,
    )


def check_rules(problem: Problem, names: Sequence[str]) -> None:
    """Check that all rules exist."""
    known = [rule.id for rule in problem.rules]
    for name in names:
        if name not in known:
            hint = suggest_name(name, known) or NO_TEXT
            raise UsageError(_('there is no rule "{name}". {hint}', name=name, hint=hint), code="usage.rule")
