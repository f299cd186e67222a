"""The smallest change that would fund a refused dossier, from the explanation stored in the run folder.

Only exact changes are stated, none that a new optimisation contradicts, and none that names another application.
An unproven one says so. This module solves nothing: without an explanation in the folder, the sheet says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.analysis.explain.document import (
    CLAIMED_FIGURE,
    ChangeEntry,
    EnvelopeChange,
    EnvelopeLimits,
    ExplainDocument,
    ExplainedDossier,
    GrantChange,
    ImpossibleChange,
    ImpossibleScore,
    LiftedObstacle,
    RuleChange,
    ScoreByBounds,
    ScoreChange,
)
from tnt_sim.engine.run_folder.explanation_file import has_explanation
from tnt_sim.i18n.message import Bilingual, Text, _, join_sentences
from tnt_sim.i18n.numbers import format_decimal, format_euros
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.reports.decision_table import DECISION, ApplicantDecision
from tnt_sim.reporting.transparency.input_values import describe_label
from tnt_sim.reporting.transparency.sheet_line import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource

_NOT_COMPUTED = _(
    "It was not computed for this list. Ask the administration, which can compute it "
    "(tnt-sim explain RUN --all)."
)
_NONE_KNOWN = _("None was found that is certain.")
_NOTES: Mapping[str | None, Text] = MappingProxyType(
    {
        "FEASIBLE_GAP": _("Nothing proves it."),
        CLAIMED_FIGURE: _("This is claimed: it was not computed again for this sheet."),
    }
)
_TIED = _("Another list would then have the same value.")
_UNFUNDED = (ApplicantDecision.REFUSED.value, ApplicantDecision.CLOSED.value, ApplicantDecision.WAITING.value)


def build_changes(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return by row the smallest change that would fund an unfunded dossier."""
    document = _read_explanation(source)
    entries = {} if document is None else {entry.dossier: entry for entry in document.dossiers}
    names, decisions = source.table["dossier"].to_list(), source.table[DECISION].to_list()
    label, lines = _("Smallest change that would fund it").in_(source.lang), dict[int, list[SheetLine]]()
    origin = source.locate_field("changes", "explanation.parquet")
    for row in source.rows.tolist():
        if decisions[row] not in _UNFUNDED:
            continue
        entry = entries.get(names[row])
        text = (_NOT_COMPUTED if entry is None else _describe_changes(entry, source)).in_(source.lang)
        where = "" if entry is None else origin
        lines[row] = [SheetLine(SheetItem.OPERATIONS, "operations.change", label, text, where)]
    return lines


def _read_explanation(source: SheetSource) -> ExplainDocument | None:
    if not has_explanation(source.run.folder):
        return None
    from tnt_sim.analysis.explain.explanation_check import read_checked_run

    return read_checked_run(source.run, source.lang, 0.0)[0]


def _describe_changes(entry: ExplainedDossier, source: SheetSource) -> Text:
    """Return the confirmed changes in words; of an envelope, only that it would take more money."""
    pieces = [text for change in entry.changes if (text := _describe_change(change, source)) is not None]
    return Bilingual(*(Items(pieces, "").in_(source.lang),) * 2) if pieces else _NONE_KNOWN


def _describe_change(change: ChangeEntry, source: SheetSource) -> Text | None:
    text = _describe_exact(change, source)
    note = _NOTES.get(change.proof)
    return text if text is None or note is None else join_sentences(text, note)


def _describe_exact(change: ChangeEntry, source: SheetSource) -> Text | None:
    match change:
        case ImpossibleScore() | ImpossibleChange() if change.kind == "score":
            return _("No value is enough by itself for: {name}.", name=describe_label(change.of, source))
        case GrantChange() | ScoreChange() | ScoreByBounds() | RuleChange() | LiftedObstacle() if (
            change.confirmed is False
        ):
            return None
        case GrantChange():
            return _(
                "If {amount} at most were requested, other things being equal.", amount=Money(change.to_cents)
            )
        case ScoreChange() | ScoreByBounds():
            name, value = describe_label(change.of, source), format_decimal(change.to, source.lang)
            now = format_decimal(change.from_, source.lang)
            text = _("With {value} instead of {now} for: {name}.", value=value, now=now, name=name)
            return join_sentences(text, _TIED) if change.tie else text
        case EnvelopeChange() | EnvelopeLimits() if change.by_cents is not None and change.status == "exact":
            if change.tie:
                return _("A list of the same value funds it, with the same money.")
            return _('With {amount} more in "{name}".', amount=Money(change.by_cents), name=change.title)
        case RuleChange():
            by = (
                format_euros(change.by, source.lang)
                if change.unit == "money"
                else format_decimal(change.by, source.lang)
            )
            return _('If the rule "{name}" gave way by {by}.', name=_find_title(source, change.of), by=by)
        case LiftedObstacle():
            name = _find_title(source, change.of)
            return _(
                'If "{name}" did not stand against it, for {amount}.',
                name=name,
                amount=Money(change.grant_cents),
            )
    return None


def _find_title(source: SheetSource, name: str) -> str:
    """Return the title of a rule, a condition or a cap, or its id."""
    spec = source.problem.scenario.spec
    titles = {entry.id: entry.title for entry in (*spec.eligibility, *spec.rules)}
    titles |= {cap.name: cap.fill_from_library().title for cap in spec.caps}
    return titles.get(name) or name
