"""Sentences of the decision note: what is decided, what is left and why, what to decide next, what is proven.

Each is made from the figures that the tables show, in the words of someone who was not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tnt_sim.analysis.explain.document import ExplainDocument, ReserveEntry, RuleEffectEntry
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import NO_TEXT, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Count, Items, Listed, ShortMoney
from tnt_sim.reporting.decision_page.outcomes import MoneyRow, Outcome, Outcomes, list_unspent
from tnt_sim.reporting.report_tree import Words
from tnt_sim.reporting.text.verification import describe_changes
from tnt_sim.reporting.text.vocabulary import UNSPENT
from tnt_sim.reporting.workbook.summary_sheet import list_rule_titles
from tnt_sim.verify.verification import Standing

_NOT_ESTABLISHED = _("the reason is not established")
MOST_DECISIONS = 3
MOST_UNSPENT = 3
_SMALL_SHARE = 2_000
"""An amount below 1/2,000 of an envelope is its last cents, not money that was left idle."""


@dataclass(frozen=True, slots=True)
class NoteSentences:
    """Sentences of the first screen, in both languages."""

    lead: Text
    others: Text
    left: Sequence[Text]
    decisions: Sequence[Text]
    proof: Text


def build_sentences(run: StoredRun, outcomes: Outcomes, explanation: ExplainDocument | None) -> NoteSentences:
    """Return the sentences of a run."""
    return NoteSentences(
        describe_decision(run, outcomes.rows[0]),
        describe_others(outcomes),
        describe_unspent(run, outcomes),
        list_decisions(run, outcomes, explanation),
        describe_proof(run),
    )


def write_short(cents: int | None) -> Text:
    """Return an amount in k€ or M€, in both languages."""
    return ShortMoney(cents)


def describe_decision(run: StoredRun, total: MoneyRow) -> Text:
    """Say in one sentence what the money funds."""
    amount, left, n = run.data.amount_cents, run.data.unspent_cents, total.n_funded
    filed = Count(run.data.n_dossiers)
    if amount is None or left is None:
        return _n(
            "{granted} fund {n} of the {filed} applications filed.",
            "{granted} fund {n} of the {filed} applications filed.",
            n=n,
            granted=write_short(run.data.granted_cents),
            filed=filed,
        )
    if left * _SMALL_SHARE < amount:
        if not left:
            return _n(
                "The envelope of {amount} funds {n} of the {filed} applications filed.",
                "The envelope of {amount} funds {n} of the {filed} applications filed.",
                n=n,
                amount=write_short(amount),
                filed=filed,
            )
        return _n(
            "The envelope of {amount} funds {n} of the {filed} applications filed, and only {left} remains.",
            "The envelope of {amount} funds {n} of the {filed} applications filed, and only {left} remains.",
            n=n,
            amount=write_short(amount),
            filed=filed,
            left=write_short(left),
        )
    return _n(
        "{granted} of the {amount} fund {n} of the {filed} applications filed; {left} remain unspent.",
        "{granted} of the {amount} fund {n} of the {filed} applications filed; {left} remain unspent.",
        n=n,
        granted=write_short(run.data.granted_cents),
        amount=write_short(amount),
        filed=filed,
        left=write_short(left),
    )


def describe_others(outcomes: Outcomes) -> Text:
    """Say how many applications were committed before, are eligible but not selected, and are excluded."""
    total, n_reserve = outcomes.rows[0], outcomes.n_reserve
    counts, committed = total.counts, NO_TEXT
    if n := counts[Outcome.COMMITTED]:
        committed = _n(
            "{n} of them was already committed ({cents}).",
            "{n} of them were already committed ({cents}).",
            n=n,
            cents=write_short(total.cents[Outcome.COMMITTED]),
        )
    return join_sentences(committed, _describe_left_out(counts, n_reserve))


def _describe_left_out(counts: Sequence[int], n_reserve: int) -> Text:
    n_eligible, n_excluded = counts[Outcome.NOT_SELECTED], counts[Outcome.EXCLUDED]
    if not n_eligible and not n_excluded:
        return _("No application is left out.")
    if n_reserve:
        eligible = _n(
            "{n} eligible application is not selected; on the reserve list: {reserve}.",
            "{n} eligible applications are not selected; on the reserve list: {reserve}.",
            n=n_eligible,
            reserve=Count(n_reserve),
        )
    else:
        eligible = _n(
            "{n} eligible application is not selected.",
            "{n} eligible applications are not selected.",
            n=n_eligible,
        )
    excluded = _n(
        "{n} other cannot be funded.",
        "{n} others cannot be funded.",
        n=n_excluded,
    )
    if not n_excluded:
        return eligible
    if not n_eligible:
        return _n("{n} application cannot be funded.", "{n} applications cannot be funded.", n=n_excluded)
    return join_sentences(eligible, excluded)


def describe_unspent(run: StoredRun, outcomes: Outcomes) -> list[Text]:
    """Say what is left and why, for the envelopes that leave most; then what moved between envelopes."""
    held = list_unspent(outcomes)
    sentences = [_describe_unspent_envelope(run, k, held[k]) for k in list(held)[:MOST_UNSPENT]]
    if not held:
        sentences.append(
            _("Nothing: all the money is granted.")
            if run.data.unspent_cents is not None
            else _("Nothing is left in an envelope.")
        )
    elif (rest := len(held) - MOST_UNSPENT) > 0:
        cents = sum(list(held.values())[MOST_UNSPENT:])
        sentences.append(
            _n(
                "{n} other envelope leaves {cents}.",
                "{n} other envelopes leave {cents} together.",
                n=rest,
                cents=write_short(cents),
            )
        )
    return sentences + describe_transfers(run)


def _describe_unspent_envelope(run: StoredRun, node: int, cents: int) -> Text:
    why = describe_unspent_cause(run, node)
    if node == 0:
        return _("{cents}: {why}.", cents=write_short(cents), why=why)
    title = shorten_titles([one.title or one.id for one in run.envelopes])[node]
    return _('{cents} in "{title}": {why}.', cents=write_short(cents), title=title, why=why)


def describe_unspent_cause(run: StoredRun, node: int) -> Text:
    """Say why an envelope leaves money, with the title of the rule that keeps it.

    A code explains at least half of the money, so that a sentence about all applications needs their number too.
    """
    entry = run.envelopes[node]
    title = list_rule_titles(run).get(entry.unspent_rule or "", "")
    if entry.unspent_code in ("rule", "no_gain") and not run.publishable:
        return _NOT_ESTABLISHED
    if entry.unspent_code == "rule" and title:
        return _('the rule "{title}" keeps out applications that this money would fund', title=title)
    if entry.unspent_code == "all_funded" and (n := entry.n_eligible - entry.n_funded) > 0:
        return _n(
            "every eligible application is funded but {n}",
            "every eligible application is funded but {n}",
            n=n,
        )
    return UNSPENT.get(entry.unspent_code or "", _NOT_ESTABLISHED)


def describe_transfers(run: StoredRun) -> list[Text]:
    """Say what left an envelope and what entered another, in one sentence; none where nothing moved."""
    root = run.envelopes[0].id
    titles = shorten_titles([entry.title or entry.id for entry in run.envelopes])
    moved = [
        (title, entry.transferred_in_cents - entry.transferred_out_cents)
        for entry, title in zip(run.envelopes, titles, strict=True)
        if entry.parent == root
    ]
    leaves = [
        _("{cents} leave {title}", cents=write_short(-net), title=title) for title, net in moved if net < 0
    ]
    enters = [
        _("{cents} enter {title}", cents=write_short(net), title=title) for title, net in moved if net > 0
    ]
    if not leaves or not enters:
        return []
    sides = Items([Listed(leaves, MOST_UNSPENT), Listed(enters, MOST_UNSPENT)], ";")
    return [_("Transfers: {sides}.", sides=sides)]


def shorten_titles(titles: Sequence[str]) -> list[str]:
    """Return titles without what follows their first comma or parenthesis, where that leaves them different.

    >>> shorten_titles(["Axe 1, services", "Axe 2 (DINUM)", "Reste"])
    ['Axe 1', 'Axe 2', 'Reste']
    """
    short = [re.split(r", | \(|\s?: ", title, maxsplit=1)[0] for title in titles]
    return [one if one and short.count(one) == 1 else title for one, title in zip(short, titles, strict=True)]


def list_decisions(run: StoredRun, outcomes: Outcomes, explanation: ExplainDocument | None) -> list[Text]:
    """Return at most three decisions that are left to take, the most urgent first."""
    decisions: list[Text] = []
    if not run.publishable:
        decisions.append(
            _("Prove the list before it is published: nothing shows that no other list does better.")
        )
    questions = run.data.open_questions or ()
    if questions:
        decisions.append(
            _n(
                "Settle {n} question that the data leave open, before the list is signed.",
                "Settle {n} questions that the data leave open, before the list is signed.",
                n=len(questions),
            )
        )
    if explanation is not None:
        decisions += _list_explained_decisions(run, outcomes, explanation)
    decisions += _list_closing_decisions(run, outcomes)
    return decisions[:MOST_DECISIONS]


def _list_explained_decisions(run: StoredRun, outcomes: Outcomes, explanation: ExplainDocument) -> list[Text]:
    decisions: list[Text] = []
    rules = [rule for rule in explanation.rules if rule.enters]
    if rules:
        dearest = max(rules, key=lambda rule: len(rule.enters or ()) + len(rule.leaves or ()))
        decisions.append(
            _(
                'Keep or change "{title}". {effect}',
                title=dearest.title or dearest.id,
                effect=describe_effect(dearest),
            )
        )
    first = next((one for one in explanation.reserve if one.rank == 1 and one.looked_at), None)
    if first is not None and first.missing_cents > 0:
        decisions.append(
            _(
                "Add {missing} or not: it is what the first application in line lacks, {name} ({amount}).",
                missing=write_short(first.missing_cents),
                name=describe_dossier(run, first.dossier),
                amount=write_short(first.asked_cents),
            )
        )
    elif (idle := _find_idle_money(outcomes, explanation.reserve)) is not None:
        decisions.append(idle)
    return decisions


def _find_idle_money(outcomes: Outcomes, reserve: Sequence[ReserveEntry]) -> Text | None:
    """Say that the money left would pay for an application that neither money nor a rule keeps out.

    The last cents of an envelope pay for nothing, and neither does money that is left in another envelope.
    """
    total = outcomes.rows[0]
    if total.left_cents * _SMALL_SHARE < total.granted_cents + total.left_cents:
        return None
    payable = [
        one
        for one in reserve
        if one.looked_at and one.rule is None and not one.missing_cents
        and 0 < one.asked_cents <= min(one.left_cents, total.left_cents)
    ]  # fmt: skip
    if not payable:
        return None
    left = min(total.left_cents, max(one.left_cents for one in payable))
    return _n(
        "Use the {left} left: {n} eligible application that is not selected asks no more than that.",
        "Use the {left} left: {n} eligible applications that are not selected ask no more than that each.",
        n=len(payable),
        left=write_short(left),
    )


def _list_closing_decisions(run: StoredRun, outcomes: Outcomes) -> list[Text]:
    """Return what remains to do with any list: sign it, answer the reserve list, and those that are refused."""
    decisions, total = list[Text](), outcomes.rows[0]
    if run.publishable and (n := total.counts[Outcome.FUNDED]):
        decisions.append(
            _n(
                "Sign the list: {n} new grant, {cents}.",
                "Sign the list: {n} new grants, {cents}.",
                n=n,
                cents=write_short(total.cents[Outcome.FUNDED]),
            )
        )
    if n := outcomes.n_reserve:
        decisions.append(
            _n(
                "Tell the applicant of {n} application on the reserve list until when the list is valid.",
                "Tell the applicants of {n} applications on the reserve list until when the list is valid.",
                n=n,
            )
        )
    if n := outcomes.n_refusals:
        decisions.append(
            _n("Send {n} refusal, with its reason.", "Send {n} refusals, each with its reason.", n=n)
        )
    return decisions


def describe_dossier(run: StoredRun, dossier: str) -> Words:
    """Name an application by its title, otherwise by its applicant, with its number."""
    row = run.table.row(run.table["dossier"].index_of(dossier) or 0, named=True)
    name = row["title"] or row.get("applicant") or ""
    return _('"{name}" ({number})', name=name, number=dossier) if name else dossier


def describe_effect(rule: RuleEffectEntry) -> Text:
    """Say who would enter and who would leave without a rule."""
    if rule.enters is None or rule.leaves is None:
        return _("Without it: a time limit stopped the computation.")
    if not rule.enters and not rule.leaves:
        return _("Without it, the list is the same.")
    enters = _n("{n} application enters", "{n} applications enter", n=len(rule.enters))
    leaves = _n("{n} leaves", "{n} leave", n=len(rule.leaves))
    return _("Without it, {enters} and {leaves}.", enters=enters, leaves=leaves)


_ANSWERS: Sequence[tuple[str, Text]] = (
    ("rules", _("the rules are respected to the cent")),
    ("optimal", _("no other list serves the goals better")),
    ("first", _("the choice between equal lists is the announced one")),
)


def describe_proof(run: StoredRun) -> Text:
    """Say in one line what was shown here, what the run only claims, and what nothing supports."""
    record = run.checked.record

    def select(standing: Standing) -> list[Words]:
        return [text for key, text in _ANSWERS if getattr(record, key) is standing]

    changes = describe_changes(record)
    sentences: list[Text] = [] if changes is None else [changes]
    forms: Sequence[tuple[Standing, Callable[[Items], Text]]] = (
        (Standing.DEMONSTRATED, lambda items: _("Shown here: {items}.", items=items)),
        (
            Standing.REPEATED,
            lambda items: _("Repeated by the same search, and shown by nothing else: {items}.", items=items),
        ),
        (Standing.CLAIMED, lambda items: _("Only claimed: {items}.", items=items)),
        (Standing.NONE, lambda items: _("Supported by nothing: {items}.", items=items)),
    )
    for standing, write in forms:
        if texts := select(standing):
            sentences.append(write(Items(texts, ";")))
    return join_sentences(*sentences)
