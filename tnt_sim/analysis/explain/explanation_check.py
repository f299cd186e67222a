"""The check of a stored explanation: all that needs no solve is computed anew and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    EnvelopeChange,
    EnvelopeInterval,
    EnvelopeLimits,
    ExplainDocument,
    GrantChange,
    ReserveEntry,
    ScoreChange,
)
from tnt_sim.analysis.explain.explanation import find_inversions, list_reserve, map_deciding_rules
from tnt_sim.analysis.explain.facts import build_entry, count_by_reason, read_facts
from tnt_sim.analysis.explain.stored_explanation import (
    NESTED,
    PLAIN,
    build_defect,
    build_table,
    read_of_decision,
)
from tnt_sim.analysis.shared.decided_run import DecidedRun, of_result
from tnt_sim.deadline import Deadline
from tnt_sim.documents import dump_document
from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.run_folder.explanation_file import NO_EXPLANATION, ExplanationFiles
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.parameters import Listed
from tnt_sim.verify.run_files import MAX_DIFFERENCES

CHECK_SECONDS = 60.0
"""Longest time to compute the facts behind the explanations anew."""
CHECKED_AT_A_TIME = 2_000
"""Explanations compared between two looks at the clock."""
_FACTS = (*PLAIN, *NESTED)


def read_checked(
    decided: DecidedRun, lang: Lang, limit: float | None
) -> tuple[ExplainDocument | None, ExplanationFiles]:
    """Return the stored explanation of a decision, and its files: the only way by which one is shown.

    The document is None where there is none that may be used. The defects of the files name each contradiction.
    """
    document, files = read_of_decision(decided, lang, limit)
    defects = [] if document is None else check_facts(decided, document)
    return (None, replace(files, defects=tuple(defects))) if defects else (document, files)


def read_checked_run(
    run: StoredRun, lang: Lang, limit: float | None
) -> tuple[ExplainDocument | None, ExplanationFiles]:
    """Return the stored explanation of a run that was opened, as `read_checked` does; none without its inputs."""
    if run.decision is None or not run.folder.parts:
        return None, NO_EXPLANATION
    decided = replace(of_result(run.decision), run_dir=run.folder, verification=run.verification)
    return read_checked(decided, lang, limit)


def check_facts(decided: DecidedRun, document: ExplainDocument) -> list[Defect]:
    """Compute anew what no solve is needed for, and list what the stored explanation says otherwise.

    Facts and reasons of dossiers, inversions and the reserve list are computed from the allocation. Effects of
    rules and the changes that would fund a dossier are claims of the file; only their arithmetic is checked. Facts
    beyond `CHECK_SECONDS` are claims as well.
    """
    deadline = Deadline(CHECK_SECONDS)
    unknown = _list_unknown_names(decided, document)
    if unknown:
        return [
            build_defect(
                _(
                    "the explanation names applications that the run does not have: {names}.",
                    names=Listed(unknown, 6),
                )
            )
        ]
    wrong = chain(
        _list_wrong_facts(decided, document, deadline),
        _list_wrong_reserve(document, list_reserve(decided, deadline)),
        _list_wrong_changes(decided, document),
    )
    result = [build_defect(text) for text in islice(wrong, MAX_DIFFERENCES)]
    if dict(document.reasons) != count_by_reason(document.dossiers):
        result.append(
            build_defect(_("the counts of reasons in the explanation are not those of its applications."))
        )
    again = find_inversions(decided)
    if _dump_optional(document.inversions) != _dump_optional(again):
        result.append(build_defect(_("the inversions in the explanation are not those of the decision.")))
    return result


def _list_unknown_names(decided: DecidedRun, document: ExplainDocument) -> list[str]:
    known = set(decided.numbers.to_list())
    named = chain.from_iterable((*(rule.enters or ()), *(rule.leaves or ())) for rule in document.rules)
    return sorted({*named, *(entry.dossier for entry in document.reserve)} - known)


def _list_wrong_facts(decided: DecidedRun, document: ExplainDocument, deadline: Deadline) -> Iterator[Text]:
    """Yield the dossiers whose facts are other ones than those computed from the decision."""
    because = map_deciding_rules(decided, document.rules)
    bars = {one.dossier: one.rule for one in document.reserve if one.rule is not None}
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    facts = read_facts(decided)
    for start in range(0, len(document.dossiers), CHECKED_AT_A_TIME):
        if deadline.expired:
            return
        stored = document.dossiers[start : start + CHECKED_AT_A_TIME]
        rows = [place[entry.dossier] for entry in stored]
        again = build_table([build_entry(facts, row, because.get(row, ()), bars) for row in rows])
        claimed = build_table(stored)
        for name in _FACTS:
            apart = claimed[name].ne_missing(again[name])
            for dossier in claimed["dossier"].filter(apart):
                yield _('"{name}" of "{dossier}" is not what the decision gives.', name=name, dossier=dossier)


def _list_wrong_reserve(document: ExplainDocument, again: Sequence[ReserveEntry]) -> Iterator[Text]:
    """Yield the entries of the reserve list that differ; figures that a limit left open are not compared."""
    stored = {entry.dossier: entry for entry in document.reserve}
    if len(stored) != len(document.reserve) or stored.keys() != {entry.dossier for entry in again}:
        yield _("its reserve list has other applications than that of the decision.")
        return
    for entry in again:
        claim = stored[entry.dossier]
        if not (claim.looked_at and entry.looked_at):
            claim = replace(
                claim, missing_cents=entry.missing_cents, rule=entry.rule, looked_at=entry.looked_at
            )
        if replace(claim, rank=entry.rank) != entry:
            yield _('the place of "{dossier}" on its reserve list is wrong.', dossier=entry.dossier)


def _list_wrong_changes(decided: DecidedRun, document: ExplainDocument) -> Iterator[Text]:
    """Yield changes of funded dossiers, and changes whose figures do not add up or start from other amounts."""
    tree = decided.problem.case.tree
    amounts = {name: cents or 0 for name, cents in zip(tree.ids, tree.written_cents, strict=True)}
    for entry in document.dossiers:
        for change in entry.changes:
            if entry.funded or not _check_sums(change, amounts):
                yield _('a change that would fund "{dossier}" does not add up.', dossier=entry.dossier)
                break


def _check_sums(change: ChangeEntry, amounts: Mapping[str, int]) -> bool:
    """Whether a change starts from the amount of its envelope, and goes as far as it says."""
    match change:
        case EnvelopeChange() | EnvelopeInterval() | EnvelopeLimits():
            far = None if change.to_cents is None else change.to_cents - change.from_cents
            return amounts.get(change.of) == change.from_cents and far == change.by_cents
        case GrantChange():
            return change.from_cents - change.to_cents == change.by_cents
        case ScoreChange():
            return parse_decimal(change.to) - parse_decimal(change.from_) == parse_decimal(change.by)
    return True


def _dump_optional(document: object) -> dict[str, object] | None:
    return None if document is None else dump_document(document)
