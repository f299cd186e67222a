"""The report of `inversions`: how many, the applications that are left out, and what having none would cost."""

from __future__ import annotations

from collections.abc import Iterator

from tnt_sim.analysis.explain.document import InversionsDocument
from tnt_sim.i18n.message import _
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Section, Tone
from tnt_sim.reporting.reports.explanation import (
    build_inversion_table,
    describe_inversions,
    describe_rule_price,
)


def build_verdict(document: InversionsDocument) -> Iterator[Callout]:
    """Yield how many pairs of applications are inverted."""
    yield Callout(describe_inversions(document), Tone.PLAIN)


def build_page(document: InversionsDocument) -> Iterator[Node]:
    """Yield the first applications that are left out, and what having none would cost."""
    if document.refused:
        title = _("Better applications that the list leaves out")
        yield Section(title, [build_inversion_table(document, most=20)])
    for price in document.prices:
        yield Paragraph(describe_rule_price(price, document.goals))
