"""`extend`: gain from transfers between envelopes, and from a larger total."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.document import ExtendDocument

_BETWEEN_AMOUNTS = re.compile(r";|,(?!\d)|(?<!\d),")
"""Separator of amounts: ";", or a comma that is not a decimal comma."""


def split_amounts(texts: Sequence[str]) -> list[str]:
    """Split "90M,98M" and "22,5 M€" into amounts."""
    parts = (part.strip() for text in texts for part in _BETWEEN_AMOUNTS.split(text))
    return [part for part in parts if part]


@partial(
    Study,
    verb="extend",
    help=N_("Compares transfers between envelopes, at the same total, with a larger total."),
    note=N_(
        "Without --to: three round amounts. Ring-fenced envelopes, reserves and rules stay; a "
        "scenario that states transfers keeps to them."
    ),
    examples="""\
  tnt-sim extend scenario.yaml
  tnt-sim extend scenario.yaml --to "1.3 M€,1.5 M€" --time-limit 60
""",
    title=_("transfer or extend?"),
    document="analysis.extend.document.ExtendDocument",
    table="gains",
    answer="tnt_sim.studies.extend.answer",
    next=("sweep {it}", "rule-prices {it}"),
)
def extend(
    ask: Ask,
    *to: Annotated[
        str | int,
        TypedOption(
            "--to",
            N_('The totals to look at: --to "90 M€,98 M€", or --to again; three round amounts by default.'),
            N_("AMOUNT,…"),
            split_amounts,
        ),
    ],
) -> ExtendDocument:
    """Compare moving money between envelopes at the same total with enlarging the total.

    Parameters
    ----------
    to : totals of the programme: "98 M€", "110 %" of the written amount, or whole euros; by default
    three round ones

    Raises
    ------
    UsageError
        For a programme without amount, a total below it, or a scenario with steps.
    NothingDecided
        If no allocation satisfies every rule.
    LimitReached
        If no allocation was found in time.

    Examples
    --------
    >>> found = scenario.analyse.extend("1.3 M€")
    >>> [entry["total_cents"] for entry in found.document["free"]["totals"]]
    [130000000]
    >>> found.to_dataframe()["curve"].unique().sort().to_list()
    ['free', 'nested']
    """
    from tnt_sim.analysis.extend.document import build_document
    from tnt_sim.analysis.extend.search import extend_of

    found = extend_of(ask.scenario, to, clock=ask.clock, report_progress=ask.report)
    return build_document(found, ask.lang)
