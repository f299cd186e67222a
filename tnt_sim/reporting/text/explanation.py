"""Explanations in words, French and English: reasons, and changes that would fund a refusal.

Two kinds of sentences: the full reason with its figures, suitable for a letter (`SENTENCES`, by reason
code, filled from an explained application); and the smallest change that would fund a refused application.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    ExactScore,
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
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import (
    format_amount,
    format_count,
    format_day,
    format_decimal,
    format_euros,
    format_list,
    format_rate,
)
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import describe_selector


def describe_change(change: ChangeEntry, lang: Lang) -> str:
    """Write a change: « Il serait retenu avec « score » à 14,5 au lieu de 12 (+2,5) ; 14,4 ne suffit pas. »"""
    word = _describe_change_value(change, lang)
    if change.proof != "FEASIBLE_GAP":
        return word
    return f"{word.removesuffix('.')} {UNPROVEN_NOTE.in_(lang)}."


UNPROVEN_NOTE = Text("(selon un seul solveur, sans preuve)", "(by one solver alone, without a proof)")


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
        low, high = format_decimal(change.low, lang), format_decimal(change.high, lang)
        if change.high is None:
            return Text(
                f"Il lui faudrait {column} d'au moins {low} (aujourd'hui {now}) ; demandez-le seul pour l'exact.",
                f"It would take {column} of at least {low} ({now} today); ask for it alone for the exact figure.",
            ).in_(lang)
        return Text(
            f"Il lui faudrait {column} entre {low} et {high} (aujourd'hui {now}) ; {high} suffit.",
            f"It would take {column} between {low} and {high} ({now} today); {high} is enough.",
        ).in_(lang)
    above = _describe_above_top(change, lang)
    to, by = format_decimal(change.to, lang), format_decimal(change.by.lstrip("-"), lang)
    sign = "\u2212" if change.by.startswith("-") else "+"
    return Text(
        f"Il serait retenu avec {column} de {to} au lieu de {now} ({sign}{by}, par pas de {step}) ; "
        f"un pas de moins ne suffit pas{above}.",
        f"It would be funded with {column} of {to} instead of {now} ({sign}{by}, in steps of {step}); "
        f"one step less is not enough{above}.",
    ).in_(lang)


def _describe_above_top(change: ExactScore, lang: Lang) -> str:
    """Say that no application of the table reaches that figure."""
    if float(change.to) <= float(change.top):
        return ""
    shown = format_decimal(change.top, lang)
    return Text(f" ; aucun dossier n'a plus de {shown}", f"; no dossier has more than {shown}").in_(lang)


def _describe_grant(change: GrantChange, lang: Lang) -> str:
    amounts = (change.to_cents, change.from_cents, change.step_cents)
    to, now, step = (format_amount(cents, lang) for cents in amounts)
    return Text(
        f"Il serait retenu pour {to} au lieu de {now} ; {step} de plus ne passe pas.",
        f"It would be funded for {to} instead of {now}; {step} more is too much.",
    ).in_(lang)


def _describe_envelope(change: RaisedEnvelope, lang: Lang) -> str:
    name = f"« {change.title} »" if lang is Lang.FR else f'"{change.title}"'
    if change.by_cents is None:
        if change.low_cents == 0:  # a bound that says nothing is not shown as an amount
            return Text(
                f"Combien il faudrait de plus dans {name} n'est pas calculé ici : demandez ce dossier seul.",
                f"How much more it would take in {name} is not computed here: ask for this dossier alone.",
            ).in_(lang)
        low = format_amount(change.low_cents, lang)
        return Text(
            f"Sans perte, il lui faudrait au moins {low} de plus dans {name}.",
            f"At no loss it would take at least {low} more in {name}.",
        ).in_(lang)
    by, to = format_amount(change.by_cents, lang), format_amount(change.to_cents, lang)
    if change.status == "interval":
        low = format_amount(change.low_cents, lang)
        return Text(
            f"Il pourrait être retenu sans perte avec {low} à {by} de plus dans {name}.",
            f"It could be funded at no loss with {low} to {by} more in {name}.",
        ).in_(lang)
    if change.tie:
        return Text(
            f"Il est à égalité : une répartition aussi bonne le contient déjà, sans rien ajouter à {name}.",
            f"It is tied: an allocation as good holds it already, with nothing more in {name}.",
        ).in_(lang)
    text = Text(
        f"Il pourrait être retenu sans perte avec {by} de plus dans {name} ({to}) ; un centime de moins ne suffit "
        "pas",
        f"It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough",
    ).in_(lang)
    if change.first_cents is None:
        return f"{text}."
    label = format_amount(change.first_cents, lang)
    return text + Text(
        f". La meilleure répartition le retient pour la première fois à {label}.",
        f". The best allocation first holds it at {label}.",
    ).in_(lang)


def _describe_rule(change: RuleChange, lang: Lang) -> str:
    by = format_euros(change.by, lang) if change.unit == "money" else format_decimal(change.by, lang)
    return Text(
        f"Il pourrait être retenu sans perte si la règle « {change.of} » cédait de {by}, et pas moins.",
        f'It could be funded at no loss if the rule "{change.of}" gave way by {by}, and no less.',
    ).in_(lang)


def _describe_relaxation(change: LiftedObstacle, lang: Lang) -> str:
    grant = format_amount(change.grant_cents, lang)
    if change.kind == "decision":
        return Text(
            f"Sans la décision « {change.of} », il serait retenu pour {grant}.",
            f'Without the decision "{change.of}" it would be funded for {grant}.',
        ).in_(lang)
    return Text(
        f"S'il remplissait la condition « {change.of} », il serait retenu pour {grant}.",
        f'If it met the requirement "{change.of}", it would be funded for {grant}.',
    ).in_(lang)


def _describe_impossibility(change: RefusedChange, lang: Lang) -> str:
    what = KINDS[change.kind].in_(lang).format(of=change.of)
    why = WHY_NOT[change.why].in_(lang).format(by=change.by or "")
    colon = " : " if lang is Lang.FR else ": "
    return f"{what}{colon}{why}."


KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "any": Text("Changements", "Changes"),
        "score": Text("Relever « {of} »", 'Raising "{of}"'),
        "grant": Text("Demander moins", "Asking for less"),
        "envelope": Text("Relever l'enveloppe « {of} »", 'Raising envelope "{of}"'),
        "rule": Text("Relâcher la règle « {of} »", 'Relaxing the rule "{of}"'),
        "requirement": Text("Remplir la condition « {of} »", 'Meeting the requirement "{of}"'),
        "decision": Text("Lever la décision « {of} »", 'Lifting the decision "{of}"'),
    }
)
WHY_NOT: Mapping[str, Text] = MappingProxyType(
    {
        "not_proven": Text(
            "le calcul n'est pas allé au bout de la meilleure répartition ; relancez-le avec plus de temps",
            "the run did not find the one best allocation; run it again with more time",
        ),
        "other_use": Text(
            "ce chiffre compte aussi dans « {by} », et le changer changerait plus que l'objectif",
            'this figure counts in "{by}" too, and changing it would change more than the goal',
        ),
        "no_plain_sum": Text(
            "ce chiffre n'entre pas dans l'objectif comme une simple somme",
            "this figure does not enter the goal as a plain sum",
        ),
        "no_figure": Text(
            "ce dossier n'a pas de chiffre dans cette colonne", "this dossier has no figure in this column"
        ),
        "tolerance": Text(
            "l'objectif cède une part d'une étape aux suivantes, et ce seuil n'est alors pas défini",
            "the goal gives up part of a stage for later ones, and this threshold is then not defined",
        ),
        "stopped": Text(
            "une limite a arrêté le calcul avant la réponse", "a limit stopped the solve before the answer"
        ),
        "no_allocation": Text(
            "aucune répartition permise ne le contient, quel que soit ce chiffre",
            "no allocation that is allowed holds it, whatever this figure",
        ),
        "earlier_goal": Text(
            "ce qui l'écarte est une étape antérieure de l'objectif, où ce chiffre ne compte pas",
            "what keeps it out is an earlier stage of the goal, in which this figure does not count",
        ),
        "ask_alone": Text(
            "à demander pour ce dossier seul (`explain RUN_DIR DOSSIER`)",
            "to be asked for this dossier alone (`explain RUN_DIR DOSSIER`)",
        ),
        "not_one_amount": Text(
            "son montant est déjà libre ou à paliers, ou déjà au minimum ; demander moins serait deux changements",
            "its amount is open or by levels already, or at its minimum; asking for less would be two changes",
        ),
        "no_amount": Text(
            "aucun montant, même le plus petit, ne suffit", "no amount, not even the least, is enough"
        ),
        "request_counts": Text(
            "sa demande compte ailleurs (un plancher suit la demande) : ce seuil n'est pas défini",
            "what it asks counts elsewhere (a floor follows the demand): this threshold is not defined",
        ),
        "capped_out": Text(
            "ses plafonds ne laissent aucun montant possible", "its caps leave no possible amount"
        ),
        "several_missed": Text(
            "il manque d'autres conditions : celle-ci seule ne suffit pas",
            "it misses other requirements: this one alone is not enough",
        ),
        "not_liftable": Text(
            "cet obstacle n'est pas une condition du scénario qu'on puisse lever",
            "this obstacle is no requirement of the scenario that can be lifted",
        ),
        "not_enough": Text("même alors, il ne serait pas retenu", "even then it would not be funded"),
        "envelope_never": Text(
            "aucun montant de cette enveloppe ne suffit à lui seul",
            "no amount of this envelope is enough by itself",
        ),
    }
)


def explain_dossier(entry: ExplainedDossier, lang: Lang) -> str:
    """Write the reason of one application with its figures and names."""
    return SENTENCES[get_sentence_key(entry)].in_(lang).format_map(_SentenceFields(entry, lang))


SENTENCES: Mapping[str, Text] = MappingProxyType(
    {
        "committed": Text("Déjà engagé pour {granted}.", "Already committed for {granted}."),
        "decided_funded": Text(
            "Retenu par décision{author}, pour {granted} : {why}.",
            "Funded by decision{author}, for {granted}: {why}.",
        ),
        "merit": Text(
            "Retenu pour {granted} : il est dans la meilleure répartition de l'objectif du programme.",
            "Funded for {granted}: it belongs to the best allocation for the programme's goal.",
        ),
        "listed": Text(
            "Retenu pour {granted} : il est dans la répartition trouvée, dont rien ne prouve qu'elle est la "
            "meilleure.",
            "Funded for {granted}: it belongs to the allocation that was found, which nothing proves to be the "
            "best.",
        ),
        "rule": Text(
            "Retenu pour {granted} grâce à {rule} : sans elle, la répartition recalculée ne le compte pas.",
            "Funded for {granted} thanks to {rule}: without it the recomputed allocation does not hold it.",
        ),
        "state": Text("Non retenu : {missed}.", "Not funded: {missed}."),
        "ineligible": Text("Non éligible : {missed}.", "Not eligible: {missed}."),
        "not_given": Text(
            "Non éligible, faute de réponse : {missed}.", "Not eligible for want of an answer: {missed}."
        ),
        "capped_out": Text(
            "Éligible, mais ses plafonds ne laissent aucun montant possible.",
            "Eligible, but its caps leave no possible amount.",
        ),
        "decided_refused": Text(
            "Non retenu par décision{author} : {why}.", "Not funded by decision{author}: {why}."
        ),
        "variant": Text(
            "Non retenu : l'autre variante « {by} » est retenue, et une seule peut l'être.",
            'Not funded: the other variant "{by}" is funded, and only one may be.',
        ),
        "prerequisite": Text(
            "Non retenu : il exige le dossier « {by} », qui n'est pas retenu.",
            'Not funded: it requires dossier "{by}", which is not funded.',
        ),
        "order": Text(
            "Non retenu : dans l'ordre de {rule}, « {by} » passe avant et n'est pas retenu.",
            'Not funded: in the order of {rule}, "{by}" goes first and is not funded.',
        ),
        "outranked": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro.",
        ),
        "none_fits": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left.',
        ),
        "outranked_barred": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro. Même avec plus d'argent, le financer sans "
            "changer les autres ferait rompre {bar}.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro. Even with more money, funding it without changing "
            "the others would break {bar}.",
        ),
        "none_fits_barred": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}. Même avec "
            "plus d'argent, le financer sans changer les autres ferait rompre {bar}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left. Even with more '
            "money, funding it without changing the others would break {bar}.",
        ),
        "crowded_out": Text(
            "Non retenu : le financer ferait rompre {rule}.", "Not funded: funding it would break {rule}."
        ),
        "no_gain": Text(
            "Non retenu : il n'apporterait rien à l'objectif du programme.",
            "Not funded: it would add nothing to the programme's goal.",
        ),
        "no_note": Text(
            "Non retenu : aucune valeur n'est donnée ({empty}), il compte pour zéro dans l'objectif.",
            "Not funded: no value is given ({empty}), it counts as zero in the objective.",
        ),
        "unclear": Text(
            "Non retenu : il tiendrait dans ce qui reste ; ce qui l'écarte n'a pas été établi.",
            "Not funded: it would fit in what is left; what keeps it out was not established.",
        ),
        "displaced": Text(
            "Évincé par {rule} : sans elle, la répartition recalculée le compte.",
            "Crowded out by {rule}: without it the recomputed allocation holds it.",
        ),
        "reserve": Text(
            "Sur la liste de réserve, rang {rank} ({reserved}).",
            "On the reserve list, rank {rank} ({reserved}).",
        ),
    }
)
"""By reason code. Some codes have several sentences: `decided` by the decision, `merit` by whether
the list is proved optimal, `crowded_out` by what crowds it out."""


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

    def __getitem__(self, name: str) -> str:
        entry, lang = self.entry, self.lang
        margin, decision, reserve = entry.margin, entry.decision, entry.on_reserve
        match name:
            case "granted":
                return format_amount(entry.granted_cents, lang)
            case "asked":
                return format_amount(margin.asked_cents if margin else None, lang)
            case "left":
                return format_amount(margin.left_cents if margin else None, lang)
            case "envelope":
                return margin.title if margin else ""
            case "margin":
                names = [one.dossier for one in (margin.dossiers if margin else ())]
                return format_list([f"« {one} »" if lang is Lang.FR else f'"{one}"' for one in names], lang)
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
                return " ; ".join(describe_missed_requirement(one, lang) for one in entry.missed)
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
    name, title = rule.id, rule.title
    text = f"{name} : {title}" if title and lang is Lang.FR else f"{name}: {title}" if title else name
    nouns = {
        "decide": Text("la décision", "the decision"),
        "cap": Text("le plafond", "the cap"),
        "envelope": Text("l'option d'enveloppe", "the envelope's option"),
        "column": Text("la colonne", "the column"),
    }
    noun = nouns.get(rule.kind, Text("la règle", "the rule")).in_(lang)
    return f"{noun} « {text} »" if lang is Lang.FR else f'{noun} "{text}"'


def describe_missed_requirement(entry: UnmetEntry, lang: Lang) -> str:
    """Write a missed requirement: « population = 120 000, exigé : … ; il manque 180 000 (source) »."""
    if entry.rule == "state":
        state = {
            "refuse": Text("refusé par l'instruction", "refused by the service"),
            "sans_suite": Text("classé sans suite", "closed without follow-up"),
        }
        return state.get(entry.value or "", Text("dossier clos", "closed dossier")).in_(lang)
    if entry.not_given:
        return _describe_missing_value(entry, lang)
    head = entry.reason or Text("condition non remplie", "requirement not met").in_(lang)
    parts = [_describe_held_value(entry, lang), _describe_gap(entry, lang)]
    source = f" ({entry.source})" if entry.source else ""
    body = " ; ".join(part for part in parts if part)
    colon = " : " if lang is Lang.FR else ": "
    return f"{head}{colon}{body}{source}" if body else f"{head}{source}"


def _describe_missing_value(entry: UnmetEntry, lang: Lang) -> str:
    """Write a requirement missed for lack of a value: « non renseigné : Avis DDT (exigé : …) »"""
    names, wanted = ", ".join(entry.not_given), describe_selector(entry.wanted, lang)
    return Text(
        f"non renseigné : {names} (exigé : {wanted})", f"not given: {names} (required: {wanted})"
    ).in_(lang)


def _describe_held_value(entry: UnmetEntry, lang: Lang) -> str:
    """Write the value of the application and what is required."""
    wanted = describe_selector(entry.wanted, lang) if entry.wanted else ""
    column = column_text.describe_bare_column(entry.column).in_(lang)
    nothing = Text("non renseigné", "not given").in_(lang)
    known = entry.unit in ("money", "number", "days", "text") and entry.column not in (
        "any",
        "all",
        "not",
    )
    pieces = []
    if known:
        value = format_value(entry.value, entry.unit, lang) if entry.value is not None else nothing
        pieces.append(f"{column} = {value}")
    if wanted:
        pieces.append(f"exigé : {wanted}" if lang is Lang.FR else f"required: {wanted}")
    return ", ".join(pieces)


CHANGEABLE = frozenset({"cost", "base", "requested", "min_grant", "start", "end"})
"""Columns that an applicant can change; for other columns the shortfall is not given as advice."""


def _describe_gap(entry: UnmetEntry, lang: Lang) -> str:
    if entry.shortfall is None or entry.test is None or entry.column not in CHANGEABLE:
        return ""
    gap = format_value(entry.shortfall, entry.unit, lang, span=True)
    if entry.unit == "days":
        late = entry.test in ("until", "before")
        return (
            Text(f"{gap} de retard", f"{gap} late") if late else Text(f"{gap} trop tôt", f"{gap} early")
        ).in_(lang)
    short = entry.test in ("min", "above")
    return (
        Text(f"il manque {gap}", f"{gap} short") if short else Text(f"{gap} de trop", f"{gap} too much")
    ).in_(lang)


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
        return format_count(int(parse_decimal(text)), ("jour", "jours"), ("day", "days"), lang)
    if unit == "days":
        return format_day(text, lang)
    return f"« {text} »" if lang is Lang.FR else f'"{text}"'
