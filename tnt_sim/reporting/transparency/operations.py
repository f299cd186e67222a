"""Item 4 of a sheet: the operations in their order, from the conditions to the reason and to what changes it.

The smallest change that would fund a refused dossier, from the explanation stored in the run folder.

Only exact changes are stated, none that a new optimisation contradicts, and none that names another application.
An unproven one says so. This module solves nothing: without an explanation in the folder, the sheet says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from tnt_sim.analysis.explain.document import (
    CLAIMED_FIGURE,
    ChangeEntry,
    EnvelopeChange,
    EnvelopeLimits,
    ExplainDocument,
    ExplainedDossier,
    GrantChange,
    ImpossibleChange,
    LiftedObstacle,
    RuleChange,
    ScoreChange,
)
from tnt_sim.engine.run_folder.explanation_file import has_explanation
from tnt_sim.i18n.message import Bilingual, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_decimal, format_euros, format_integer, get_currency
from tnt_sim.i18n.parameters import Count, Day, Items, Money
from tnt_sim.reporting.reports.decision_table import DECISION, ApplicantDecision
from tnt_sim.reporting.reports.letters import write_motives
from tnt_sim.reporting.transparency.criteria import compute_worth
from tnt_sim.reporting.transparency.input_values import describe_label
from tnt_sim.reporting.transparency.parameters import can_state_sums
from tnt_sim.reporting.transparency.sheet_page import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource
from tnt_sim.rules.expressions.columns import NO_LIMIT
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.grants import compute_grant_limits
from tnt_sim.scenario.spec import select_in_force
from tnt_sim.verify.step_reading import sort_by_quotient
from tnt_sim.verify.verification import Standing

_LIMITS: Mapping[str, Text] = {
    "requested": _("the amount requested ({{amount}})"),
    "formula": _("the scale of the programme ({{amount}})"),
    "base": _("the eligible cost ({{amount}})"),
    "max_rate": _("the share of the eligible cost that may be funded ({{amount}})"),
    "max": _("the maximum that applies ({{amount}})"),
    "caps": _("what the caps on the project leave ({{amount}})"),
}

COMPUTED = _("computed from parts 2 and 3")

"""Origin of what follows from the data and the rules of the same sheet."""


def build_amounts(source: SheetSource) -> dict[int, SheetLine]:
    """Return by row how the amount of a dossier comes about; nothing for one that is not eligible."""
    offers, lang = source.problem.offers, source.lang
    committed, decided = source.table["committed_cents"].to_list(), source.problem.decided.amount_cents
    limits, levels = _read_limits(source), _list_levels(source)
    lines: dict[int, SheetLine] = {}
    label = _("Amount").in_(lang)
    for row in source.rows.tolist():
        if committed[row] is not None:
            pieces = [_("The committed amount, {amount}, stays.", amount=Money(committed[row]))]
        elif decided[row] >= 0 and offers.candidate[row]:
            pieces = [_("People set the amount: {amount}.", amount=Money(int(decided[row])))]
        elif source.problem.eligibility.eligible[row]:
            pieces = list(_describe_amount(source, limits, levels.get(row, []), row))
        else:
            continue
        granted = int(source.allocation.granted_cents[row])
        if granted and committed[row] is None:
            pieces.append(_("Granted: {amount}.", amount=Money(granted)))
        words = " ".join(one.in_(lang) for one in pieces)
        origin = source.join_origins(COMPUTED.in_(lang), source.locate_field("granted", "allocation.csv"))
        lines[row] = SheetLine(SheetItem.OPERATIONS, "operations.amount", label, words, origin)
    return lines


def _read_limits(source: SheetSource) -> list[tuple[Text, IntArray]]:
    """Return each limit with its cents by row, `NO_LIMIT` where it is none."""
    problem = source.problem
    grants = select_in_force(problem.scenario.spec, "grants")
    cents = compute_grant_limits(source.case, grants, source.is_open)
    cents["caps"] = problem.caps.compute_ceiling_cents()
    return [(text, cents[key]) for key, text in _LIMITS.items() if key in cents]


def _list_levels(source: SheetSource) -> dict[int, list[int]]:
    levels: dict[int, list[int]] = {}
    found = source.problem.offers.levels
    for row, cents in zip(found.row.tolist(), found.cents.tolist(), strict=True):
        levels.setdefault(row, []).append(cents)
    return levels


def _describe_amount(
    source: SheetSource, limits: list[tuple[Text, IntArray]], levels: list[int], row: int
) -> Iterator[Text]:
    """Yield the limits of a dossier, then the amounts that it may get."""
    lang, offers = source.lang, source.problem.offers
    own = [(text, int(cents[row])) for text, cents in limits if cents[row] < NO_LIMIT]
    named = [text.in_(lang).format(amount=Money(max(0, cents)).in_(lang)) for text, cents in own]
    if len(named) == 1:
        yield _("It is limited by {limit}.", limit=named[0])
    elif named:
        yield _("It is the least of: {limits}.", limits=Items(named, ";"))
    unit = int(offers.unit_cents[row])
    if unit > get_currency().step_cents:
        yield _("It is rounded down to a multiple of {amount}.", amount=Money(unit))
    if offers.capped_out[row]:
        yield _("No amount is left to grant.")
    elif levels:
        yield _("Possible amounts: {amounts}.", amounts=Items([Money(cents) for cents in levels], ";"))
    elif offers.ranged[row]:
        least, most = (Money(int(one[row])) for one in (offers.least_cents, offers.most_cents))
        yield _("Possible amounts: from {least} to {most}.", least=least, most=most)
    elif offers.candidate[row]:
        yield _("Possible amount: {amount}.", amount=Money(int(offers.most_cents[row])))


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
        case ImpossibleChange() if change.kind == "score":
            return _("No value is enough by itself for: {name}.", name=describe_label(change.of, source))
        case GrantChange() | ScoreChange() | RuleChange() | LiftedObstacle() if change.confirmed is False:
            return None
        case GrantChange():
            return _(
                "If {amount} at most were requested, other things being equal.", amount=Money(change.to_cents)
            )
        case ScoreChange():
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


_ITEM = SheetItem.OPERATIONS

_SHORT_CODES = ("outranked", "none_fits")

_SHORT = _("The money left in the envelope of your project is less than it needs.")

_RANKED = _(
    "No. {{rank}} of the {{n}} applications compared in the envelope, by what each brings to the first criterion "
    "for the same amount. This order alone does not decide: the list is chosen as a whole, within the money and "
    "the rules."
)

_TIE = _(
    "Among lists of the same value, the one that grants least comes first, then the one whose applications were "
    "filed first. This application is no. {{rank}} of {{n}} in the order of filing."
)

_TIE_OPEN = _("This comparison was not completed: another list of the same value may exist.")

_CHOICE = _("Which list is best is computed for all applications together, under all rules at once.")


def build_operations(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return the lines of the operations of each dossier, by row."""
    lines: dict[int, list[SheetLine]] = {row: [] for row in source.rows.tolist()}
    steps = _list_steps(source)
    conditions, amounts = _build_conditions(source), build_amounts(source)
    ranks, ties = _build_ranks(source), _build_ties(source)
    reasons, changes = _build_reasons(source), build_changes(source)
    proof = _describe_proof(source)
    for row, own in lines.items():
        own += [*steps.get(row, ()), conditions[row], *([amounts[row]] if row in amounts else [])]
        own += ranks.get(row, ())
        own += [*ties.get(row, ()), reasons[row], *changes.get(row, ()), proof]
    return lines


def _build(source: SheetSource, key: str, label: Text, value: Text, origin: str = "") -> SheetLine:
    return SheetLine(_ITEM, f"operations.{key}", label.in_(source.lang), value.in_(source.lang), origin)


def _list_steps(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return the step at which each dossier was funded, where a programme decides in several."""
    days = {step.id: step.date for step in source.problem.scenario.spec.steps}
    if not days or "step" not in source.table.columns:
        return {}
    known = {}
    for k, step in enumerate(source.problem.scenario.spec.steps):
        day = step.date or source.problem.scenario.spec.date
        text = (
            _('Funded at the step "{step}".', step=step.id)
            if day is None
            else _('Funded at the step "{step}", decided on {day}.', step=step.id, day=Day(day.isoformat()))
        )
        origin = source.locate_entry(("steps", k))
        known[step.id] = [_build(source, "step", _("Step of the decision"), text, origin)]
    names = source.table["step"].to_list()
    return {row: known[names[row]] for row in source.rows.tolist() if names[row] in known}


def _build_conditions(source: SheetSource) -> dict[int, SheetLine]:
    """Return by row how many of the conditions that apply to a dossier it meets."""
    problem, n = source.problem, source.case.n
    applied, missed = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for entry, path in select_in_force(problem.scenario.spec, "eligibility"):
        mask = select(source.case, entry.where, (*path, "where"))
        failed = np.zeros(n, dtype=np.bool_)
        for failure in problem.eligibility.failures:
            if failure.rule == entry.id:
                failed |= failure.mask
        if mask is not None:
            applied += mask & source.case.select_applicable(entry.id)
            missed += failed
    stopped = _find_stopped(source)
    label, lines, known = _("Conditions"), dict[int, SheetLine](), dict[tuple[int, int, int], SheetLine]()
    committed = problem.offers.committed & source.table["committed_cents"].is_not_null().to_numpy()
    for row in source.rows.tolist():
        key = (int(applied[row]), int(missed[row]), 2 if committed[row] else int(stopped[row]))
        if key not in known:
            known[key] = _build(
                source, "conditions", label, _describe_conditions(*key), COMPUTED.in_(source.lang)
            )
        lines[row] = known[key]
    return lines


def _find_stopped(source: SheetSource) -> BoolArray:
    """Return the dossiers that something other than a condition keeps out before they are compared, bool (n,)."""
    names = {entry.id for entry, __ in select_in_force(source.problem.scenario.spec, "eligibility")}
    stopped = np.zeros(source.case.n, dtype=np.bool_)
    for failure in source.problem.eligibility.failures:
        if failure.rule not in names:
            stopped |= failure.mask
    return stopped


def _describe_conditions(n_applied: int, n_missed: int, state: int) -> Text:
    if state == 2:
        return _("A grant committed before is not examined again.")
    if state == 1:
        return _("The application was not examined: its state, its envelope or its date excludes it.")
    if n_applied == 0:
        return _("No condition applies to it: it is eligible.")
    if n_missed == 0:
        return _n(
            "It meets the condition that applies to it: it is eligible.",
            "It meets the {n} conditions that apply to it: it is eligible.",
            n=n_applied,
        )
    if n_applied == 1:
        return _("It does not meet the condition that applies to it.")
    return _(
        "Of the {n} conditions that apply to it, it does not meet {missed}.",
        n=Count(n_applied),
        missed=Count(n_missed),
    )


def _build_ranks(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return by row the position of a dossier among those compared in its envelope."""
    problem, case = source.problem, source.problem.case
    candidate = source.is_compared
    stage = problem.stages[0]
    label = _("Comparison")
    origin = source.join_origins(source.locate_entry(("objective",)), COMPUTED.in_(source.lang))
    whole = _build(source, "rank", label, _CHOICE, origin)
    if stage.goal_parts or not stage.goal or not select_in_force(source.problem.scenario.spec, "objective"):
        return {row: [whole] for row in source.rows[candidate[source.rows]].tolist()}
    worth, lines = compute_worth(source), dict[int, list[SheetLine]]()
    for leaf in sorted(set(case.node[source.rows].tolist()) - {-1}):
        rows = np.flatnonzero(candidate & (case.node == leaf))
        ranks = rank_by_quotient(worth[rows], source.possible_cents[rows])
        wanted = set(source.rows.tolist())
        n = format_integer(len(rows), source.lang)
        for row, rank in zip(rows.tolist(), ranks.tolist(), strict=True):
            if row in wanted:
                text = _RANKED.in_(source.lang).format(rank=format_integer(rank, source.lang), n=n)
                lines[row] = [SheetLine(_ITEM, "operations.rank", label.in_(source.lang), text, whole.origin)]
    return lines


def rank_by_quotient(worth: IntArray, cents: IntArray) -> IntArray:
    """Return the position of each by worth per cent, the best 1; equal ones share theirs.

    >>> rank_by_quotient(np.array([1, 4, 2]), np.array([1, 2, 1])).tolist()
    [3, 1, 1]
    """
    ranks = np.zeros(len(worth), dtype=np.int64)
    before: tuple[int, int] | None = None
    position = 1
    for k, place in enumerate(sort_by_quotient(worth, cents).tolist(), start=1):
        own = (int(worth[place]), int(cents[place]))
        if before is None or own[0] * before[1] != before[0] * own[1]:
            position = k
        ranks[place], before = position, own
    return ranks


def _build_ties(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return by row how to choose between equal lists, with the dossier's place in the order of filing."""
    n, lang = format_integer(source.case.n, source.lang), source.lang
    label, more = _("Equal lists").in_(lang), "" if source.run.data.canonical else f" {_TIE_OPEN.in_(lang)}"
    origin = source.locate_field("canonical")
    rows = source.rows[source.is_compared[source.rows]]
    return {
        row: [
            SheetLine(
                _ITEM, "operations.tie", label,
                _TIE.in_(lang).format(rank=format_integer(row + 1, lang), n=n) + more, origin,
            )
        ]
        for row in rows.tolist()
    }  # fmt: skip


def _build_reasons(source: SheetSource) -> dict[int, SheetLine]:
    """Return by row the reason of the decision, in the words of the letter."""
    motives = write_motives(source.run, source.table, source.lang).to_list()
    codes = source.table["reason_code"].to_list()
    decision = source.table[DECISION].to_list()
    label = _("Reason of the decision").in_(source.lang)
    stated = _find_stated_shortages(source, codes)
    origin, lines = source.locate_field("reason_code", "allocation.csv"), dict[int, SheetLine]()
    for row in source.rows.tolist():
        text = motives[row] if stated[row] else _SHORT.in_(source.lang)
        if decision[row] == ApplicantDecision.COMMITTED.value:
            text = _COMMITTED.in_(source.lang)
        lines[row] = SheetLine(_ITEM, "operations.reason", label, text, origin)
    return lines


_COMMITTED = _("The grant was already committed and is maintained.")


def _find_stated_shortages(source: SheetSource, codes: list[str]) -> BoolArray:
    """Return the dossiers whose reason tells what no single other applicant got, bool (n,)."""
    reasons = source.reasons
    stated = np.ones(source.case.n, dtype=np.bool_)
    short = np.array([code in _SHORT_CODES for code in codes], dtype=np.bool_)
    for place in sorted(set(reasons.blocking[short].tolist()) - {-1}):
        rows = short & (reasons.blocking == place) & (reasons.left_cents > 0)
        stated &= ~rows | can_state_sums(source, place, None)
    return stated


PROOFS: Mapping[str | None, Text] = {
    "PROVED": _(
        "It is proved that no list that complies with the rules serves the criteria better. The proof is in the "
        "files of the decision, and anyone can check it."
    ),
    "CROSS_CHECKED": _(
        "Two independent programs found no list that serves the criteria better. There is no complete proof."
    ),
}

_UNPROVED = _(
    "Nothing proves that no better list exists: the computation was stopped, or could not conclude."
)

_REPEATED = _("When this sheet was written, only the search that found the list repeated that proof.")

_CLAIMED = _("The files of the decision say so; the proof was not checked when this sheet was written.")


def _describe_proof(source: SheetSource) -> SheetLine:
    """Say in one sentence what shows that the list is the best."""
    run = source.run
    text = PROOFS.get(run.data.proof, _UNPROVED).in_(source.lang)
    is_open = run.data.proof in PROOFS and not run.checked.optimal.is_shown and run.verification is not None
    if is_open and run.data.proof == "PROVED":
        is_repeated = run.checked.optimal.standing is Standing.REPEATED
        text = f"{text} {(_REPEATED if is_repeated else _CLAIMED).in_(source.lang)}"
    label = _("Proof that the list is the best").in_(source.lang)
    return SheetLine(_ITEM, "operations.proof", label, text, source.locate_field("proof"))
