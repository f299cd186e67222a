"""`inversions`: better applications refused while worse ones are funded, and what none would cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption, split_names
from tnt_sim.studies.study import Query, Study, Subject

if TYPE_CHECKING:
    from tnt_sim.analysis.explain.document import InversionsDocument
    from tnt_sim.analysis.shared.decided_run import DecidedRun


def _parse_best(text: str) -> str:
    if text not in ("high", "low"):
        raise UsageError(_('--best is high or low, not "{best}".', best=text), code="usage.best")
    return text


def _parse_penalty(text: str) -> Fraction:
    from tnt_sim.domain.money import MoneyError, parse_decimal

    try:
        return parse_decimal(text)
    except MoneyError as error:
        raise UsageError(error.text, code="usage.penalty") from error


@partial(
    Study,
    verb="inversions",
    help=N_(
        "Counts applications left out although they rank above funded ones, and the cost of having none."
    ),
    examples="""\
  tnt-sim inversions runs/exemple-1a2b3c4d
  tnt-sim inversions runs/exemple-1a2b3c4d --by department --penalty 1
  tnt-sim inversions runs/exemple-1a2b3c4d --rank applicant_type \\
    --opinions "commune,epci,syndicat,mutualisation,departement,metropole"
""",
    subject=Subject.DECISION,
    seconds=60.0,
    title=_("rank inversions"),
    document="analysis.explain.document.InversionsDocument",
    table="refused",
    answer="tnt_sim.studies.inversions.answer",
    next=("explain {it} --all",),
)
def inversions(
    ask: Query[DecidedRun],
    *,
    rank: Annotated[
        str | None, TypedOption("--rank", N_("What ranks; the goal's score by default."), N_("COLUMN"))
    ] = None,
    best: Annotated[
        str, TypedOption("--best", N_("The best is the highest or the lowest."), "high|low", _parse_best)
    ] = "high",
    opinions: Annotated[
        Sequence[str] | None,
        TypedOption("--opinions", N_("Opinions instead of figures, best first."), "A,B,C", split_names),
    ] = None,
    by: Annotated[
        Sequence[str] | None,
        TypedOption("--by", N_("Compares only at the same value of this column; repeatable."), N_("COLUMN")),
    ] = None,
    penalty: Annotated[
        Fraction | None,
        TypedOption(
            "--penalty",
            N_("Also at this price for each inversion, in the unit of the goal."),
            N_("VALUE"),
            _parse_penalty,
        ),
    ] = None,
) -> InversionsDocument:
    """List better applications refused while worse ones are funded, and the price of having none.

    Parameters
    ----------
    rank, best : the column that ranks, and whether `high` or `low` is better; by default the only score of
    the objective
    opinions : values of the column from the best to the worst, if it holds words
    by : columns that must be equal, besides the envelope
    penalty : also the price if each pair costs so much of the first objective

    Examples
    --------
    >>> result.inversions().data.n_pairs
    21
    """
    from tnt_sim.analysis.explain.rank_inversions import build_inversions_document, build_ranking

    ranking = build_ranking(ask.subject.problem, rank=rank, best=best, opinions=opinions or (), by=by or ())
    return build_inversions_document(ask.subject, ranking, penalty, ask.count("questions"), ask.lang)
