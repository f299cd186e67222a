"""Explanations in words, French and English: reasons, and changes that would fund a refusal.

Two kinds of sentences: the full reason with its figures, suitable for a letter (`SENTENCES`, by reason
code, filled from an explained application); and the smallest change that would fund a refused application.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tnt_sim.analysis.explain.document import (
    CLAIMED_FIGURE,
    ChangeEntry,
    ExactScore,
    ExplainDocument,
    ExplainedDossier,
    GrantChange,
    LiftedObstacle,
    NamedRule,
    RaisedEnvelope,
    RefusedChange,
    RuleChange,
    ScoreInterval,
    UnmetEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount, format_day, format_decimal, format_euros, format_rate
from tnt_sim.i18n.parameters import Items, Names
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import describe_selector


def describe_change(change: ChangeEntry, lang: Lang) -> str:
    """Write a change: « Il serait retenu avec « score » à 14,5 au lieu de 12 (+2,5) ; 14,4 ne suffit pas. »"""
    word, note = _describe_change_value(change, lang), NOTES.get(change.proof)
    return word if note is None else f"{word.removesuffix('.')} {note.in_(lang)}."


NOTES: Mapping[str | None, Text] = MappingProxyType(
    {
        "FEASIBLE_GAP": _("(by one solver alone, without a proof)"),
        CLAIMED_FIGURE: _("(as the run states it; not checked here)"),
    }
)
"""Notes beside a figure, by the word for what shows it."""


def _describe_change_value(change: ChangeEntry, lang: Lang) -> str:
    if change.status == "impossible" or change.status == "undefined":
        return _describe_impossibility(change, lang)
    if change.kind == "rule":
        return _describe_rule(change, lang)
    if change.unit == "yes":
        return _describe_relaxation(change, lang)
    if change.kind == "score":
        return _describe_score(change, lang)
    return _describe_grant(change, lang) if change.kind == "grant" else _describe_envelope(change, lang)


def _describe_score(change: ExactScore | ScoreInterval, lang: Lang) -> str:
    column = column_text.describe_column(change.of).in_(lang)
    now, step = format_decimal(change.from_, lang), format_decimal(change.step, lang)
    if change.status == "interval":
        return _describe_score_limits(change, lang)
    above = _describe_above_top(change.to, change.top, lang)
    to, by = format_decimal(change.to, lang), format_decimal(change.by.lstrip("-"), lang)
    sign = "\u2212" if change.by.startswith("-") else "+"
    return _(
        "It would be funded with {column} of {to} instead of {now} ({sign}{by}, in steps of "
        "{step}); one step less is not enough{above}.",
        column=column,
        to=to,
        now=now,
        sign=sign,
        by=by,
        step=step,
        above=above,
    ).in_(lang)


def _describe_score_limits(change: ScoreInterval, lang: Lang) -> str:
    """Say between which figures the needed score lies, above today's or below it."""
    column = column_text.describe_column(change.of).in_(lang)
    low, now = format_decimal(change.low, lang), format_decimal(change.from_, lang)
    if change.high is None:
        if change.low == change.from_:  # neither a limit nor a direction is known
            text = _("The figure needed is not computed here ({column})", column=column)
        elif parse_decimal(change.low) < parse_decimal(change.from_):
            text = _("It would take {column} of at most {low} ({now} today)", column=column, low=low, now=now)
        else:
            text = _(
                "It would take {column} of at least {low} ({now} today)", column=column, low=low, now=now
            )
        alone = "" if change.proof is None else _("; ask for it alone for the exact figure").in_(lang)
        return f"{text.in_(lang)}{alone}."
    high, above = format_decimal(change.high, lang), _describe_above_top(change.high, change.top, lang)
    if change.low == change.from_:
        return _(
            "It would be funded with {column} of {high} ({now} today); a figure in between may be enough{above}.",
            column=column,
            high=high,
            now=now,
            above=above,
        ).in_(lang)
    falls = parse_decimal(change.high) < parse_decimal(change.low)
    return _(
        "It would take {column} between {least} and {most} ({now} today); {high} is enough{above}.",
        column=column,
        least=high if falls else low,
        most=low if falls else high,
        now=now,
        high=high,
        above=above,
    ).in_(lang)


def _describe_above_top(figure: str, top: str, lang: Lang) -> str:
    """Say that no application of the table reaches that figure."""
    if parse_decimal(figure) <= parse_decimal(top):
        return ""
    shown = format_decimal(top, lang)
    return _("; no application has more than {shown}", shown=shown).in_(lang)


def _describe_grant(change: GrantChange, lang: Lang) -> str:
    to, now = (format_amount(cents, lang) for cents in (change.to_cents, change.from_cents))
    return _(
        "It would be funded if the request were lowered to {to} at most (instead of {now}).",
        to=to,
        now=now,
    ).in_(lang)


def _describe_envelope(change: RaisedEnvelope, lang: Lang) -> str:
    name = Names([change.title])
    if change.by_cents is None:
        if change.low_cents == 0:  # a bound that says nothing is not shown as an amount
            return _(
                "How much more it would take in {name} is not computed here: ask for this application alone.",
                name=name,
            ).in_(lang)
        low = format_amount(change.low_cents, lang)
        return _("At no loss it would take at least {low} more in {name}.", low=low, name=name).in_(lang)
    by, to = format_amount(change.by_cents, lang), format_amount(change.to_cents, lang)
    if change.status == "interval":
        low = format_amount(change.low_cents, lang)
        return _(
            "It could be funded at no loss with {low} to {by} more in {name}.", low=low, by=by, name=name
        ).in_(lang)
    if change.tie:
        return _(
            "It is tied: an allocation of the same value funds it, with nothing more in {name}.", name=name
        ).in_(lang)
    text = _(
        "It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough",
        by=by,
        name=name,
        to=to,
    ).in_(lang)
    if change.first_cents is None:
        return f"{text}."
    label = format_amount(change.first_cents, lang)
    return text + _(". The best allocation first holds it at {label}.", label=label).in_(lang)


def _describe_rule(change: RuleChange, lang: Lang) -> str:
    by = format_euros(change.by, lang) if change.unit == "money" else format_decimal(change.by, lang)
    return _(
        'It could be funded at no loss if the rule "{of}" gave way by {by}, and no less.', of=change.of, by=by
    ).in_(lang)


def _describe_relaxation(change: LiftedObstacle, lang: Lang) -> str:
    grant = format_amount(change.grant_cents, lang)
    if change.kind == "decision":
        return _(
            'Without the decision "{of}" it would be funded for {grant}.', of=change.of, grant=grant
        ).in_(lang)
    return _(
        'If it met the requirement "{of}", it would be funded for {grant}.', of=change.of, grant=grant
    ).in_(lang)


def _describe_impossibility(change: RefusedChange, lang: Lang) -> str:
    what = KINDS[change.kind].in_(lang).format(of=change.of)
    why = WHY_NOT[change.why].in_(lang).format(by=change.by or "")
    return _("{what}: {why}.", what=what, why=why).in_(lang)


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


def explain_dossier(entry: ExplainedDossier, lang: Lang) -> str:
    """Write the reason of one application with its figures and names."""
    return SENTENCES[get_sentence_key(entry)].in_(lang).format_map(_SentenceFields(entry, lang))


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


def explain_briefly(entry: ExplainedDossier, name: str, lang: Lang) -> str:
    """Write what is decided on one application, its amount and why, in one sentence that begins with its name."""
    return BRIEF[get_sentence_key(entry)].in_(lang).format_map(_SentenceFields(entry, lang, name))


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


@dataclass(frozen=True, slots=True)
class _SentenceFields:
    """Figures and names of an entry; a sentence writes only those that it names."""

    entry: ExplainedDossier
    lang: Lang
    name: str = ""

    def __getitem__(self, name: str) -> str:
        entry, lang = self.entry, self.lang
        margin, decision, reserve = entry.margin, entry.decision, entry.on_reserve
        match name:
            case "name":
                return self.name
            case "granted":
                return format_amount(entry.granted_cents, lang)
            case "request":
                return format_amount(entry.asked_cents, lang)
            case "asked":
                return format_amount(margin.asked_cents if margin else None, lang)
            case "left":
                return format_amount(margin.left_cents if margin else None, lang)
            case "envelope":
                return margin.title if margin else ""
            case "margin":
                named = [Names([one.dossier]).in_(lang) for one in (margin.dossiers if margin else ())]
                return format_list(named, lang)
            case "by":
                return entry.by or ""
            case "rule":
                return _list_causes(entry, lang)
            case "bar":
                return describe_cause(entry.barred_by, lang) if entry.barred_by else ""
            case "author":
                return f" ({decision.author})" if decision and decision.author else ""
            case "why":
                return (decision.reason or decision.title or decision.rule).rstrip(".") if decision else ""
            case "missed":
                return Items([describe_missed_requirement(one, lang) for one in entry.missed], ";").in_(lang)
            case "rank":
                return str(reserve.rank) if reserve else ""
            case "reserved":
                return format_amount(reserve.cents if reserve else None, lang)
            case "empty":
                return ", ".join(entry.empty)
        raise KeyError(name)


def _list_causes(entry: ExplainedDossier, lang: Lang) -> str:
    causes = [one for one in entry.because if one.enters != entry.funded] or entry.because
    if causes and get_sentence_key(entry) in ("rule", "displaced"):
        return format_list([describe_cause(one, lang) for one in causes], lang, most=3)
    return describe_cause(entry.rule, lang) if entry.rule else ""


def describe_cause(rule: NamedRule, lang: Lang) -> str:
    """Name a rule, a decision or an envelope option in a sentence, with its title if it has one."""
    name = _("{id}: {title}", id=rule.id, title=rule.title).in_(lang) if rule.title else rule.id
    match rule.kind:
        case "decide":
            return _('the decision "{name}"', name=name).in_(lang)
        case "cap":
            return _('the cap "{name}"', name=name).in_(lang)
        case "envelope":
            return _('the envelope\'s option "{name}"', name=name).in_(lang)
        case "column":
            return _('the column "{name}"', name=name).in_(lang)
    return _('the rule "{name}"', name=name).in_(lang)


def describe_missed_requirement(entry: UnmetEntry, lang: Lang) -> str:
    """Write a missed requirement: « Commune trop petite (population : 120 000, exigé : …) »."""
    if entry.rule == "state":
        state = {
            "refuse": _("refused by the service"),
            "sans_suite": _("closed without follow-up"),
        }
        return state.get(entry.value or "", _("closed application")).in_(lang)
    if entry.not_given:
        return _describe_missing_value(entry, lang)
    head = entry.reason or _("requirement not met").in_(lang)
    parts = [*_describe_held_value(entry, lang), _describe_gap(entry, lang), entry.source]
    body = Items([part for part in parts if part], ";").in_(lang)
    return f"{head} ({body})" if body else head


def _describe_missing_value(entry: UnmetEntry, lang: Lang) -> str:
    """Write a requirement missed for lack of a value: « non renseigné : Avis DDT (exigé : …) »"""
    names, wanted = ", ".join(entry.not_given), describe_selector(entry.wanted, lang)
    return _("not given: {names} (required: {wanted})", names=names, wanted=wanted).in_(lang)


def _describe_held_value(entry: UnmetEntry, lang: Lang) -> list[str]:
    """Write the value of the application, and what is required."""
    wanted = describe_selector(entry.wanted, lang) if entry.wanted else ""
    column = column_text.describe_bare_column(entry.column).in_(lang)
    nothing = _("not given").in_(lang)
    known = entry.unit in ("money", "number", "days", "text") and entry.column not in (
        "any",
        "all",
        "not",
    )
    pieces = []
    if known:
        value = nothing
        if entry.value is not None:
            word = column_text.describe_value(entry.column, entry.value).in_(lang)
            value = format_value(word if entry.unit == "text" else entry.value, entry.unit, lang)
        pieces.append(_("{column}: {value}", column=column, value=value).in_(lang))
    if wanted:
        pieces.append(_("required: {wanted}", wanted=wanted).in_(lang))
    return pieces


CHANGEABLE = frozenset({"cost", "base", "requested", "min_grant", "start", "end"})
"""Columns that an applicant can change; for other columns the shortfall is not given as advice."""


def _describe_gap(entry: UnmetEntry, lang: Lang) -> str:
    if entry.shortfall is None or entry.test is None or entry.column not in CHANGEABLE:
        return ""
    gap = format_value(entry.shortfall, entry.unit, lang, span=True)
    if entry.unit == "days":
        late = entry.test in ("until", "before")
        return (_("{gap} late", gap=gap) if late else _("{gap} early", gap=gap)).in_(lang)
    short = entry.test in ("min", "above")
    return (_("{gap} short", gap=gap) if short else _("{gap} too much", gap=gap)).in_(lang)


def format_value(text: str | None, unit: str, lang: Lang, *, span: bool = False) -> str:
    """Write a figure of the document in its unit: euros, number, days, rate or date."""
    if text is None:
        return "–"
    if unit == "money":
        return format_euros(text, lang)
    if unit == "number":
        return format_decimal(text, lang)
    if unit == "rate":
        return format_rate(parse_decimal(text), lang)
    if unit == "days" and span:
        days = int(parse_decimal(text))
        return _n("{n} day", "{n} days", n=days).in_(lang)
    if unit == "days":
        return format_day(text, lang)
    return Names([text]).in_(lang)


def describe_dossiers(document: ExplainDocument, lang: Lang) -> dict[str, str]:
    """Return the reason and the changes of each application in one text, for letters and sheets."""
    return {
        entry.dossier: " ".join(
            [explain_dossier(entry, lang), *(describe_change(one, lang) for one in entry.changes)]
        )
        for entry in document.dossiers
    }
