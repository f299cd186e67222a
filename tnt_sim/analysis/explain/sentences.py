"""Explanations in words, French and English: reasons, and changes that would fund a refusal.

Two kinds of sentences: the full reason with its figures, suitable for a letter (`SENTENCES`, by reason
code, filled from an explained application); and the smallest change that would fund a refused application.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from tnt_sim.analysis.explain.document import (
    CLAIMED_FIGURE,
    ChangeEntry,
    ExplainDocument,
    ExplainedDossier,
    LiftedObstacle,
    NamedRule,
    RaisedEnvelope,
    RefusedChange,
    RuleChange,
    ScoreChange,
    ScoreInterval,
    UnmetEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.language import Lang, Output
from tnt_sim.i18n.message import NO_TEXT, Bilingual, MessageParameter, Text, _, _n, write_parameter
from tnt_sim.i18n.parameters import Day, Euros, Items, Listed, Money, Names, Number, SignedNumber
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import describe_selector


def describe_change(change: ChangeEntry) -> Text:
    """Return a change: « Il serait retenu avec « score » à 14,5 au lieu de 12 (+2,5) ; 14,4 ne suffit pas. »"""
    words, note = _describe_change_value(change), NOTES.get(change.proof)
    return words if note is None else _WithNote(words, note)


@dataclass(frozen=True, slots=True, eq=False)
class _WithNote(Text):
    """A sentence with a note before its point."""

    words: Text
    note: Text

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return f"{self.words.write(lang, output).removesuffix('.')} {self.note.write(lang, output)}."


NOTES: Mapping[str | None, Text] = MappingProxyType(
    {
        "FEASIBLE_GAP": _("(by one solver alone, without a proof)"),
        CLAIMED_FIGURE: _("(as the run states it; not checked here)"),
    }
)
"""Notes beside a figure, by the word for what shows it."""


def _describe_change_value(change: ChangeEntry) -> Text:
    if change.status == "impossible" or change.status == "undefined":
        return describe_refusal(change, change.of, change.by or "")
    if change.kind == "rule":
        return _(
            'It could be funded at no loss if the rule "{of}" gave way by {by}, and no less.',
            of=change.of,
            by=measure_distance(change),
        )
    if change.unit == "yes":
        return _describe_relaxation(change)
    if change.kind == "score":
        return _describe_score_limits(change) if change.status == "interval" else _describe_score(change)
    if change.kind == "grant":
        return _(
            "It would be funded if the request were lowered to {to} at most (instead of {now}).",
            to=Money(change.to_cents),
            now=Money(change.from_cents),
        )
    return _describe_envelope(change)


def measure_distance(change: RuleChange) -> Number:
    """Return by how much a rule gives way, in euros or in its number."""
    by = parse_decimal(change.by)
    return Euros(by) if change.unit == "money" else Number(by)


def _describe_score(change: ScoreChange) -> Text:
    to = parse_decimal(change.to)
    return _(
        "It would be funded with {column} of {to} instead of {now} ({by}, in steps of "
        "{step}); one step less is not enough{above}.",
        column=column_text.describe_column(change.of),
        to=Number(to),
        now=Number(parse_decimal(change.from_)),
        by=SignedNumber(parse_decimal(change.by)),
        step=Number(parse_decimal(change.step)),
        above=_describe_above_top(to, change.top),
    )


def _describe_score_limits(change: ScoreInterval) -> Text:
    """Say between which figures the needed score lies, above today's or below it."""
    column = column_text.describe_column(change.of)
    low, now = Number(parse_decimal(change.low)), Number(parse_decimal(change.from_))
    if change.high is None:
        alone = NO_TEXT if change.proof is None else _("; ask for it alone for the exact figure")
        return _("{text}{alone}.", text=_describe_least_score(column, low, now), alone=alone)
    high = Number(parse_decimal(change.high))
    above = _describe_above_top(high.value, change.top)
    if change.low == change.from_:
        return _(
            "It would be funded with {column} of {high} ({now} today); a figure in between may be enough{above}.",
            column=column,
            high=high,
            now=now,
            above=above,
        )
    least, most = sorted((low, high), key=lambda figure: figure.value)
    return _(
        "It would take {column} between {least} and {most} ({now} today); {high} is enough{above}.",
        column=column,
        least=least,
        most=most,
        now=now,
        high=high,
        above=above,
    )


def _describe_least_score(column: Text, low: Number, now: Number) -> Text:
    if low.value == now.value:  # neither a limit nor a direction is known
        return _("The figure needed is not computed here ({column})", column=column)
    if low.value < now.value:
        return _("It would take {column} of at most {low} ({now} today)", column=column, low=low, now=now)
    return _("It would take {column} of at least {low} ({now} today)", column=column, low=low, now=now)


def _describe_above_top(figure: Fraction, top: str) -> Text:
    """Say that no application of the table reaches that figure."""
    if figure <= parse_decimal(top):
        return NO_TEXT
    return _("; no application has more than {shown}", shown=Number(parse_decimal(top)))


def _describe_envelope(change: RaisedEnvelope) -> Text:
    name = Names([change.title])
    if change.by_cents is None:
        if change.low_cents == 0:  # a bound that says nothing is not shown as an amount
            return _(
                "How much more it would take in {name} is not computed here: ask for this application alone.",
                name=name,
            )
        return _(
            "At no loss it would take at least {low} more in {name}.", low=Money(change.low_cents), name=name
        )
    by, to = Money(change.by_cents), Money(change.to_cents)
    if change.status == "interval":
        low = Money(change.low_cents)
        return _(
            "It could be funded at no loss with {low} to {by} more in {name}.", low=low, by=by, name=name
        )
    if change.tie:
        return _(
            "It is tied: an allocation of the same value funds it, with nothing more in {name}.", name=name
        )
    if change.first_cents is None:
        return _(
            "It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough.",
            by=by,
            name=name,
            to=to,
        )
    return _(
        "It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough. The best "
        "allocation first holds it at {label}.",
        by=by,
        name=name,
        to=to,
        label=Money(change.first_cents),
    )


def _describe_relaxation(change: LiftedObstacle) -> Text:
    grant = Money(change.grant_cents)
    if change.kind == "decision":
        return _('Without the decision "{of}" it would be funded for {grant}.', of=change.of, grant=grant)
    return _('If it met the requirement "{of}", it would be funded for {grant}.', of=change.of, grant=grant)


@dataclass(frozen=True, slots=True, eq=False)
class _Filled(Text):
    """A sentence of a table with its one parameter."""

    template: Text
    name: str
    value: MessageParameter

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return self.template.write(lang, output).format_map(
            {self.name: write_parameter(self.value, lang, output)}
        )


def describe_refusal(change: RefusedChange, name: MessageParameter, by: MessageParameter) -> Text:
    """Return why a change would not be enough, with the names of what it changes and of what else counts it."""
    what, why = _Filled(KINDS[change.kind], "of", name), _Filled(WHY_NOT[change.why], "by", by)
    return _("{what}: {why}.", what=what, why=why)


KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "any": _("Changes"),
        "score": _('Raising "{{of}}"'),
        "grant": _("Asking for less"),
        "envelope": _('Raising envelope "{{of}}"'),
        "rule": _('Relaxing the rule "{{of}}"'),
        "requirement": _('Meeting the requirement "{{of}}"'),
        "decision": _('Lifting the decision "{{of}}"'),
    }
)
WHY_NOT: Mapping[str, Text] = MappingProxyType(
    {
        "not_proven": _("the run did not find the one best allocation; run it again with more time"),
        "other_use": _('this figure counts in "{{by}}" too, and changing it would change more than the goal'),
        "no_plain_sum": _("this figure does not enter the goal as a plain sum"),
        "no_figure": _("this application has no figure in this column"),
        "tolerance": _(
            "the goal gives up part of a stage for later ones, and this threshold is then not defined"
        ),
        "stopped": _("a limit stopped the solve before the answer"),
        "no_allocation": _("no feasible allocation funds it, whatever this figure"),
        "earlier_goal": _("an earlier objective decides, and this figure does not count in it"),
        "ask_alone": _("to be asked for this application alone (`explain RUN_DIR DOSSIER`)"),
        "not_one_amount": _(
            "its amount is open or by levels already, or at its minimum; asking for less would be two changes"
        ),
        "no_amount": _("no amount, not even the least, is enough"),
        "request_counts": _(
            "what it asks counts elsewhere (a floor follows the demand): this threshold is not defined"
        ),
        "capped_out": _("its caps leave no possible amount"),
        "several_missed": _("it misses other requirements: this one alone is not enough"),
        "not_liftable": _("this obstacle is not a requirement of the scenario that can be lifted"),
        "not_enough": _("even then it would not be funded"),
        "envelope_never": _("no amount of this envelope is enough by itself"),
    }
)


def describe_rule_name(rule: NamedRule) -> MessageParameter:
    """Return the id of a rule, with its title if it has one."""
    return _("{id}: {title}", id=rule.id, title=rule.title) if rule.title else rule.id


@dataclass(frozen=True, slots=True)
class Naming:
    """How a sentence names rules and columns: by their ids, as one types them, or as readers know them."""

    describe_rule: Callable[[NamedRule], MessageParameter] = describe_rule_name
    describe_column: Callable[[str], MessageParameter] = str


BY_ID = Naming()


def explain_dossier(entry: ExplainedDossier, naming: Naming = BY_ID) -> Text:
    """Return the reason of one application with its figures and names."""
    return _DossierSentence(SENTENCES[get_sentence_key(entry)], entry, naming)


SENTENCES: Mapping[str, Text] = MappingProxyType(
    {
        "committed": _("Already committed for {{granted}}."),
        "decided_funded": _("Funded by decision{{author}}, for {{granted}}: {{why}}."),
        "merit": _("Funded for {{granted}}: it belongs to the best allocation for the programme's goal."),
        "listed": _(
            "Funded for {{granted}}: it belongs to the allocation that was found, which nothing "
            "proves to be the best."
        ),
        "rule": _("Funded for {{granted}} thanks to {{rule}}: without it, it would not be funded."),
        "state": _("Not funded: {{missed}}."),
        "ineligible": _("Not eligible: {{missed}}."),
        "not_given": _("Not eligible for want of an answer: {{missed}}."),
        "capped_out": _("Eligible, but its caps leave no possible amount."),
        "decided_refused": _("Not funded by decision{{author}}: {{why}}."),
        "variant": _('Not funded: the other variant "{{by}}" is funded, and only one may be.'),
        "prerequisite": _('Not funded: it requires application "{{by}}", which is not funded.'),
        "order": _('Not funded: in the order of {{rule}}, "{{by}}" goes first and is not funded.'),
        "outranked": _(
            'Outranked in "{{envelope}}": it needs {{asked}}, {{left}} can still go there, and the last that '
            "were funded ({{margin}}) bring at least as much per euro."
        ),
        "none_fits": _('Not funded: it needs {{asked}}, and {{left}} can still go to "{{envelope}}".'),
        "outranked_barred": _(
            'Outranked in "{{envelope}}": it needs {{asked}}, {{left}} can still go there, and the last that '
            "were funded ({{margin}}) bring at least as much per euro. Even with more money, funding "
            "it without changing the others would break {{bar}}."
        ),
        "none_fits_barred": _(
            'Not funded: it needs {{asked}}, and {{left}} can still go to "{{envelope}}". Even with '
            "more money, funding it without changing the others would break {{bar}}."
        ),
        "crowded_out": _("Not funded: funding it would break {{rule}}."),
        "no_gain": _("Not funded: it would add nothing to the programme's goal."),
        "no_note": _("Not funded: no value is given ({{empty}}), it counts as zero in the objective."),
        "unclear": _("Not funded: it would fit in what is left; what keeps it out was not established."),
        "displaced": _("Not funded because of {{rule}}: without it, it would be funded."),
        "reserve": _("On the reserve list, rank {{rank}} ({{reserved}})."),
    }
)
"""By reason code. Some codes have several sentences: `decided` by the decision, `merit` by whether
the list is proved optimal, `crowded_out` by what crowds it out."""


def explain_briefly(entry: ExplainedDossier, name: MessageParameter, naming: Naming) -> Text:
    """Return what is decided on one application, its amount and why, in one sentence that begins with its name."""
    return _DossierSentence(BRIEF[get_sentence_key(entry)], entry, naming, name)


_FEW_EUROS = _(
    '{{name}} is not selected: it needs {{asked}}, {{left}} can still go to "{{envelope}}", and the last '
    "that were funded there bring at least as much per euro."
)
_NO_ROOM = _('{{name}} is not selected: it needs {{asked}}, and {{left}} can still go to "{{envelope}}".')
_MISSED = _("{{name}} is not eligible: {{missed}}.")
BRIEF: Mapping[str, Text] = MappingProxyType(
    {
        "committed": _("{{name}} is already committed for {{granted}}."),
        "decided_funded": _("{{name}} is funded for {{granted}} by decision{{author}}: {{why}}."),
        "merit": _("{{name}} is funded for {{granted}}: it is in the best list for the programme's goal."),
        "listed": _(
            "{{name}} is funded for {{granted}}: it is in the list that was found, which nothing proves to "
            "be the best."
        ),
        "rule": _("{{name}} is funded for {{granted}} thanks to {{rule}}."),
        "state": _MISSED,
        "ineligible": _MISSED,
        "not_given": _MISSED,
        "capped_out": _("{{name}} is excluded: it is eligible, but its caps leave no possible amount."),
        "decided_refused": _("{{name}} is excluded by decision{{author}}: {{why}}."),
        "variant": _('{{name}} is excluded: the other variant "{{by}}" is funded, and only one may be.'),
        "prerequisite": _(
            '{{name}}, which asks {{request}}, is not selected: it requires application "{{by}}", '
            "which is not funded."
        ),
        "order": _(
            '{{name}}, which asks {{request}}, is not selected: in the order of {{rule}}, "{{by}}" '
            "goes first and is not funded."
        ),
        "outranked": _FEW_EUROS,
        "outranked_barred": _FEW_EUROS,
        "none_fits": _NO_ROOM,
        "none_fits_barred": _NO_ROOM,
        "crowded_out": _(
            "{{name}}, which asks {{request}}, is not selected: funding it would break {{rule}}."
        ),
        "no_gain": _(
            "{{name}}, which asks {{request}}, is not selected: it would add nothing to the programme's goal."
        ),
        "no_note": _(
            "{{name}}, which asks {{request}}, is not selected: a value that the goal counts is not "
            "given, and counts as zero."
        ),
        "unclear": _(
            "{{name}}, which asks {{request}}, is not selected: it would fit in what is left; what "
            "keeps it out was not established."
        ),
        "displaced": _(
            "{{name}}, which asks {{request}}, is not selected because of {{rule}}: without it, it "
            "would be funded."
        ),
        "reserve": _("{{name}} is on the reserve list, rank {{rank}} ({{reserved}})."),
    }
)
"""One sentence that a reader who knows nothing of the model understands, by the keys of `SENTENCES`."""


def get_sentence_key(entry: ExplainedDossier) -> str:
    """Return the key of the sentence for an entry."""
    code = entry.reason_code
    if code == "decided":
        return "decided_funded" if entry.funded else "decided_refused"
    if code == "merit" and not entry.optimal:
        return "listed"
    if code == "crowded_out" and any(one.enters for one in entry.because):
        return "displaced"
    if code in ("outranked", "none_fits"):
        short = "none_fits" if entry.margin is None or not entry.margin.dossiers else code
        return short if entry.barred_by is None else f"{short}_barred"
    if code == "crowded_out" and entry.rule is None:
        return "unclear" if entry.unclear else "no_note" if entry.empty else "no_gain"
    return code


@dataclass(frozen=True, slots=True, eq=False)
class _DossierSentence(Text):
    """A sentence on an entry, with those of its figures and names that it names."""

    template: Text
    entry: ExplainedDossier
    naming: Naming
    name: MessageParameter = ""

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        template = self.template.write(lang, output)
        named = re.findall(r"{(\w+)}", template)
        return template.format_map({name: write_parameter(self._get(name), lang, output) for name in named})

    def _get(self, name: str) -> MessageParameter:
        entry = self.entry
        margin, decision, reserve = entry.margin, entry.decision, entry.on_reserve
        match name:
            case "name":
                return self.name
            case "granted":
                return Money(entry.granted_cents)
            case "request":
                return Money(entry.asked_cents)
            case "asked":
                return Money(margin.asked_cents if margin else None)
            case "left":
                return Money(margin.left_cents if margin else None)
            case "envelope":
                return margin.title if margin else ""
            case "margin":
                return Listed([Names([last.dossier]) for last in (margin.dossiers if margin else ())])
            case "by":
                return entry.by or ""
            case "rule":
                return self._list_causes()
            case "bar":
                return self._describe_cause(entry.barred_by) if entry.barred_by else ""
            case "author":
                return f" ({decision.author})" if decision and decision.author else ""
            case "why":
                return (decision.reason or decision.title or decision.rule).rstrip(".") if decision else ""
            case "missed":
                return Items([describe_missed_requirement(missed) for missed in entry.missed], ";")
            case "rank":
                return str(reserve.rank) if reserve else ""
            case "reserved":
                return Money(reserve.cents if reserve else None)
            case "empty":
                return Items([self.naming.describe_column(column) for column in entry.empty])
        raise KeyError(name)

    def _list_causes(self) -> MessageParameter:
        entry = self.entry
        causes = [rule for rule in entry.because if rule.enters != entry.funded] or entry.because
        if causes and get_sentence_key(entry) in ("rule", "displaced"):
            return Listed([self._describe_cause(rule) for rule in causes], most=3)
        return self._describe_cause(entry.rule) if entry.rule else ""

    def _describe_cause(self, rule: NamedRule) -> Text:
        return describe_cause(rule, self.naming)


def describe_cause(rule: NamedRule, naming: Naming = BY_ID) -> Text:
    """Name a rule, a decision or an envelope option in a sentence."""
    name = naming.describe_rule(rule)
    match rule.kind:
        case "decide":
            return _('the decision "{name}"', name=name)
        case "cap":
            return _('the cap "{name}"', name=name)
        case "envelope":
            return _('the envelope\'s option "{name}"', name=name)
        case "column":
            return _('the column "{name}"', name=name)
    return _('the rule "{name}"', name=name)


def describe_missed_requirement(entry: UnmetEntry) -> Text:
    """Return a missed requirement: « Commune trop petite (population : 120 000, exigé : …) »."""
    if entry.rule == "state":
        state = {
            "refuse": _("refused by the service"),
            "sans_suite": _("closed without follow-up"),
        }
        return state.get(entry.value or "", _("closed application"))
    wanted = _Required(entry.wanted)
    if entry.not_given:
        return _("not given: {names} (required: {wanted})", names=Items(entry.not_given), wanted=wanted)
    head = Bilingual(entry.reason, entry.reason) if entry.reason else _("requirement not met")
    gap = _describe_gap(entry)
    details: list[MessageParameter] = [
        part for part in (*_describe_held_value(entry), gap, entry.source) if part
    ]
    return _("{head} ({body})", head=head, body=Items(details, ";")) if details else head


@dataclass(frozen=True, slots=True, eq=False)
class _Required(Text):
    """The conditions of a requirement."""

    wanted: Mapping[str, object]

    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return describe_selector(self.wanted, lang)


def _describe_held_value(entry: UnmetEntry) -> list[Text]:
    """Return the value of the application, and what is required."""
    known = entry.unit in ("money", "number", "days", "text") and entry.column not in (
        "any",
        "all",
        "not",
    )
    pieces = []
    if known:
        value = (
            _("not given") if entry.value is None else _describe_value(entry.column, entry.value, entry.unit)
        )
        pieces.append(
            _("{column}: {value}", column=column_text.describe_bare_column(entry.column), value=value)
        )
    if entry.wanted:
        pieces.append(_("required: {wanted}", wanted=_Required(entry.wanted)))
    return pieces


def _describe_value(column: str, value: str, unit: str) -> Text:
    """Return a value in its unit: euros, a number, a date, or words."""
    match unit:
        case "money":
            return Euros(parse_decimal(value))
        case "number":
            return Number(parse_decimal(value))
        case "days":
            return Day(value)
    return _('"{name}"', name=column_text.describe_value(column, value))


CHANGEABLE = frozenset({"cost", "base", "requested", "min_grant", "start", "end"})
"""Columns that an applicant can change; for other columns the shortfall is not given as advice."""


def _describe_gap(entry: UnmetEntry) -> Text | None:
    if entry.shortfall is None or entry.test is None or entry.column not in CHANGEABLE:
        return None
    shortfall = parse_decimal(entry.shortfall)
    if entry.unit == "days":
        gap = _n("{n} day", "{n} days", n=int(shortfall))
        return _("{gap} late", gap=gap) if entry.test in ("until", "before") else _("{gap} early", gap=gap)
    amount = Euros(shortfall) if entry.unit == "money" else Number(shortfall)
    if entry.test in ("min", "above"):
        return _("{gap} short", gap=amount)
    return _("{gap} too much", gap=amount)


def describe_dossiers(document: ExplainDocument, lang: Lang) -> dict[str, str]:
    """Return the reason and the changes of each application in one text, for letters and sheets."""
    return {
        entry.dossier: Items([explain_dossier(entry), *map(describe_change, entry.changes)], "").in_(lang)
        for entry in document.dossiers
    }
