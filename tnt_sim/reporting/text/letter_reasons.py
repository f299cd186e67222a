"""Reasons of a decision as a letter to the applicant states them, in French and English.

A letter holds no name of the scenario file, no operator and no figure of more than two decimals; what the
planner wrote is quoted only if it reads so too. It names no other applicant. A condition is stated with the
applicant's own figure, and never as a distance that nobody can cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.domain.field_types import convert_to_fraction
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_cents, format_day, format_number
from tnt_sim.i18n.parameters import Day, Names
from tnt_sim.rules.envelopes.tree_reading import EnvelopeReading
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.expressions.comparisons import convert_to_local_days
from tnt_sim.rules.expressions.empty_cells import is_blank, list_condition_columns
from tnt_sim.rules.expressions.text import describe_selector
from tnt_sim.rules.kinds.limit.rule import LimitSpec
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.offers.cap_spec import CapSpec
from tnt_sim.rules.offers.eligibility import INELIGIBLE_CODES, Failure
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify.decision_reasons import CODES, Reasons
from tnt_sim.verify.reason_sentences import map_empty_columns

_SIGNS = re.compile(r"[`{}<>|=_≤≥≠×∑Σ∀\[\]\\\t\r\n]| [+*] |None|null|\d{4}-\d{2}-\d{2}")
_ADDRESS = re.compile(r"[/:@]|\w\.[a-z]{2,}")
_DECIMALS = {Lang.FR: re.compile(r",\d{3}"), Lang.EN: re.compile(r"\.\d{3}")}
_STATED_COLUMNS = frozenset(
    {"population", "cost", "base", "requested", "min_grant", "score", "filed_at", "start", "end", "notified_at",
     "other_state", "other_public", "other_private", "invoices"}
)  # fmt: skip
"""Columns whose conditions a letter states: those of figures and days, whose words hold no code."""
_COMPARISONS = frozenset({"min", "max", "above", "below", "from", "until", "before", "after"})

SENTENCES: Mapping[str, Text] = {
    "refused_state": _("The service in charge of your application has refused it."),
    "closed_state": _("The service in charge of your application has closed it without further action."),
    "late": _("Your application was filed after the closing date, {{day}}."),
    "not_in_force": _("On the day of the decision, {{envelope}} is not in force."),
    "requirement": _("Your application does not meet a condition of the programme{{source}}."),
    "requirement_titled": _('Your application does not meet the condition "{{title}}"{{source}}.'),
    "requirement_reasoned": _(
        'Your application does not meet a condition of the programme{{source}}, on the ground "{{reason}}".'
    ),
    "requirement_whole": _(
        'Your application does not meet the condition "{{title}}"{{source}}, on the ground "{{reason}}".'
    ),
    "not_given": _("Your application lacks a statement that the programme requires{{columns}}{{source}}."),
    "capped_out": _("The funding caps that apply to your project leave no amount to grant."),
    "decided_refused": _("Your application was not selected by decision{{author}}{{ground}}."),
    "variant": _("Another variant of this project is funded, and only one may be."),
    "prerequisite": _("Your project depends on another one, which is not funded."),
    "order": _("By the programme's order of priority{{title}}, other applications come before yours."),
    "exclusive": _(
        "By a rule of the programme{{title}}, your application cannot be funded beside one that is."
    ),
    "together": _(
        "By a rule of the programme{{title}}, your application is funded only with others, which are not."
    ),
    "cap": _("Funding your application would exceed a cap of the programme{{title}}{{source}}."),
    "max_dossiers": _(
        "The number of applications that {{envelope}} funds is limited, and that number is reached."
    ),
    "limit": _("Funding your application would exceed a limit of the programme{{title}}{{source}}."),
    "displaced": _("Your project is not selected because of a rule of the programme{{title}}{{source}}."),
    "rule": _("Funding your application would not comply with an allocation rule{{title}}{{source}}."),
    "exhausted": _("The money of {{envelope}} is entirely committed."),
    "short": _("In {{envelope}}, {{left}} is left, less than the {{asked}} that your project needs."),
    "short_shared": _(
        "In {{envelope}}, {{left}} at most can still be granted, less than the {{asked}} that your project needs."
    ),
    "sent": _("From {{envelope}}, {{sent}} was transferred to other envelopes of the programme."),
    "outranked": _(
        "For the same amount, each project selected there on merit serves the programme's first goal at least "
        "as well as yours."
    ),
    "no_gain": _(
        "By the programme's criteria, your project adds nothing to what the selected projects bring."
    ),
    "no_value": _("A figure needed to rank your application is missing{{columns}}."),
    "unclear": _("Your application is not part of the allocation decided for this programme."),
}
"""Sentences of a refusal: by reason code where it has one, else by what excludes the application."""
_HELD = (
    _("In your application, {{column}} is {{value}}."),
    _("In your application, {{column}} are {{value}}."),
)
"""For a singular column and for a plural one."""
_HELD_DAY = _("In your application, {{column}} falls on {{value}}.")
_MET_BY = _("The condition is met by applications where {{condition}}.")


def is_plain(text: str, lang: Lang) -> bool:
    """Return whether a text has no sign of a file or formula, and no figure of more than two decimals.

    >>> is_plain("la population dépasse 500 000", Lang.FR), is_plain("score >= 12", Lang.EN)
    (True, False)
    """
    return bool(text) and not _SIGNS.search(text) and not _DECIMALS[lang].search(text)


def quote_plain(text: str, lang: Lang) -> str:
    """Return ` "text"`, to follow a noun, or nothing where the text does not read as words."""
    text = text.strip().rstrip(".")
    return f" {Names([text]).in_(lang)}" if is_plain(text, lang) else ""


def quote_bracketed(text: str, lang: Lang) -> str:
    """Return ` (text)`, without brackets of its own, or nothing where it does not read as words."""
    text = text.strip().rstrip(".").replace(" (", ", ").replace(")", "")
    return f" ({text})" if is_plain(text, lang) else ""


def quote_source(source: str, lang: Lang) -> str:
    """Return ` (source)` for a law or a regulation, and nothing for an address of a page or a file.

    >>> quote_source("example.org/page", Lang.EN)
    ''
    """
    return "" if _ADDRESS.search(source) else quote_bracketed(source, lang)


def describe_refusals(
    problem: Problem, reasons: Reasons, envelopes: EnvelopeReading, lang: Lang
) -> pl.Series:
    """Return why each application is refused, String (n,); "" where it is funded.

    Parameters
    ----------
    problem, reasons : the decision, and what excludes each application
    envelopes : what each envelope has left, and what transfers took from it
    lang : language of the sentences; what the planner wrote stays as it is
    """
    case, code, rule = problem.case, reasons.code, reasons.rule
    texts = np.full(case.n, "", dtype=object)
    _write_failures(problem, reasons, texts, lang)
    for name in ("capped_out", "variant", "prerequisite"):
        texts[_select(code == name)] = SENTENCES[name].in_(lang)
    for name in ("order", "crowded_out"):
        rows = np.flatnonzero(_select(code == name))
        for of in sorted(set(rule.gather(rows).to_list())):
            sentence = describe_rule_in_the_way(problem, of, lang) if of else SENTENCES["no_gain"].in_(lang)
            texts[rows[_select(rule.gather(rows) == of)]] = sentence
    _write_shortages(problem, reasons, envelopes, texts, lang)
    for row, columns in map_empty_columns(problem, reasons).items():
        listed = _list_columns(columns, lang)
        texts[row] = SENTENCES["no_value"].in_(lang).format(columns=listed)
    texts[reasons.unclear] = SENTENCES["unclear"].in_(lang)
    for k, spec in enumerate(problem.decided.specs):
        ground = spec.reason or spec.title
        sentence = SENTENCES["decided_refused"].in_(lang)
        texts[(problem.decided.rule == k) & (problem.decided.choice < 0) & _select(code == "decided")] = (
            sentence.format(author=quote_bracketed(spec.author, lang), ground=describe_ground(ground, lang))
        )
    return pl.Series("motive", texts.tolist(), dtype=pl.String)


def describe_ground(ground: str, lang: Lang) -> str:
    """Return `, on the ground "…"`, or nothing without one that reads as words."""
    quoted = quote_plain(ground, lang)
    return _(", on the ground{quoted}", quoted=quoted).in_(lang) if quoted else ""


def describe_rule_in_the_way(problem: Problem, name: str, lang: Lang) -> str:
    """Return why a rule, a cap or an option of an envelope excludes one more application."""
    spec = problem.scenario.spec
    envelope, dot, option = name.partition(".")
    rule = next((one for one in spec.rules if one.id == name), None)
    if rule is None and dot and envelope in problem.case.tree.ids:
        if option == "max_dossiers":
            shown = describe_envelope(problem, problem.case.tree.get_node(envelope), lang)
            return SENTENCES["max_dossiers"].in_(lang).format(envelope=shown)
        return SENTENCES["rule"].in_(lang).format(title="", source="")
    if rule is None:
        cap = next((one for one in _list_caps(spec, lang) if one.id == name), None)
        if cap is None and name != GUARD:  # a relation written in a column of the table
            kind = next((one.kind for one in problem.table_rules if one.id == name), "")
            sentence = SENTENCES.get(CODES.get(kind, "rule"), SENTENCES["rule"]).in_(lang)
            return sentence.format(title="", source="")
        title, source = (GUARD_TITLE.in_(lang), "") if cap is None else (cap.title, cap.source)
        key = "cap"
    else:
        title, source = rule.title, rule.source
        is_ceiling = isinstance(rule, LimitSpec) and rule.max is not None and rule.min is None
        key = "limit" if is_ceiling else rule.kind if rule.kind in SENTENCES else "rule"
    sentence = SENTENCES[key].in_(lang)
    return sentence.format(title=_set_apart(title, lang), source=quote_source(source, lang))


def describe_deciding_rule(problem: Problem, name: str, lang: Lang) -> str:
    """Return that a rule or a cap, without which an application would be funded, keeps it out."""
    spec = problem.scenario.spec
    named = [one for one in (*spec.rules, *_list_caps(spec, lang)) if one.id == name]
    title, source = (named[0].title, named[0].source) if named else ("", "")
    return (
        SENTENCES["displaced"]
        .in_(lang)
        .format(title=_set_apart(title, lang), source=quote_source(source, lang))
    )


def _set_apart(title: str, lang: Lang) -> str:
    quoted = quote_plain(title, lang)
    return f",{quoted}" if quoted else ""


def _list_caps(spec: ScenarioSpec, lang: Lang) -> list[CapSpec]:
    return [cap.fill_from_library(cap.legal.title.in_(lang) if cap.legal else "") for cap in spec.caps]


def _select(mask: pl.Series) -> BoolArray:
    result: BoolArray = mask.to_numpy()
    return result


def _write_shortages(
    problem: Problem, reasons: Reasons, envelopes: EnvelopeReading, texts: NDArray[Any], lang: Lang
) -> None:
    """Write the sentences of the applications that an envelope no longer pays for."""
    need_cents, merit = problem.offers.least_cents, _select(reasons.code == "merit")
    for code in ("outranked", "none_fits"):
        rows = np.flatnonzero(_select(reasons.code == code))
        end = f" {SENTENCES['outranked'].in_(lang)}" if code == "outranked" else ""
        nodes = set(reasons.blocking[rows].tolist())
        rivalled = {node for node in nodes if merit[reasons.rows_under(node)].any()}
        written: dict[tuple[int, int, int], str] = {}
        for row in rows.tolist():
            key = (int(reasons.blocking[row]), int(reasons.left_cents[row]), int(need_cents[row]))
            if key not in written:
                shortage = _describe_shortage(problem, envelopes, *key, lang)
                written[key] = shortage + (end if key[0] in rivalled else "")
            texts[row] = written[key]


def _describe_shortage(
    problem: Problem, envelopes: EnvelopeReading, node: int, left: int, need_cents: int, lang: Lang
) -> str:
    """Say what an envelope can still grant, and what transfers took from it.

    More than it has left may come from others: then the sentence claims nothing about what it has left.
    """
    name = describe_envelope(problem, node, lang)
    money = {
        "left": format_cents(left, lang, decimals=True),
        "asked": format_cents(need_cents, lang, decimals=True),
    }
    key = "exhausted" if left <= 0 else "short" if left <= envelopes.left_cents[node] else "short_shared"
    sentence = SENTENCES[key].in_(lang).format(envelope=name, **money)
    sent = envelopes.out_cents[node] - envelopes.in_cents[node]
    if sent <= 0:
        return sentence
    transferred = (
        SENTENCES["sent"].in_(lang).format(envelope=name, sent=format_cents(sent, lang, decimals=True))
    )
    return f"{sentence} {transferred}"


def describe_envelope(problem: Problem, node: int, lang: Lang) -> str:
    """Return an envelope by its title, or as that of the project where it has none but its id."""
    title = problem.case.tree.titles[node]
    if title in problem.case.tree.ids or not is_plain(title, lang):
        return _("the envelope of your project").in_(lang)
    return _('the envelope "{title}"', title=title).in_(lang)


def _write_failures(problem: Problem, reasons: Reasons, texts: NDArray[Any], lang: Lang) -> None:
    """Write every requirement that an ineligible application misses, one sentence after the other."""
    ineligible = reasons.code.is_in(INELIGIBLE_CODES).to_numpy()
    for failure in problem.eligibility.failures:
        rows = np.flatnonzero(failure.mask & ineligible)
        for row, sentence in zip(rows.tolist(), _describe_failure(problem, failure, rows, lang), strict=True):
            texts[row] = f"{texts[row]} {sentence}" if texts[row] else sentence


def _describe_failure(
    problem: Problem, failure: Failure, rows: NDArray[np.int64], lang: Lang
) -> Iterator[str]:
    """Yield the sentence of a missed requirement for some applications."""
    case, source = problem.case, quote_source(failure.source, lang)
    if failure.rule == "state":
        closed = SENTENCES["closed_state"].in_(lang), SENTENCES["refused_state"].in_(lang)
        yield from (closed[state == "refuse"] for state in case.table["state"].gather(rows))
    elif failure.rule == "steps":
        day = Day(str(failure.wanted["filed_at"]["until"])).in_(lang)
        yield from [SENTENCES["late"].in_(lang).format(day=day)] * len(rows)
    elif failure.rule.startswith("envelope:"):
        node = case.tree.get_node(failure.rule.removeprefix("envelope:"))
        name = describe_envelope(problem, node, lang)
        yield from [SENTENCES["not_in_force"].in_(lang).format(envelope=name)] * len(rows)
    elif not failure.is_filled:
        columns = list_condition_columns(failure.column, failure.wanted[failure.column])
        blank = {column: is_blank(case, column) for column in columns}
        for row in rows.tolist():
            listed = _list_columns([name for name in columns if blank[name][row]], lang)
            yield SENTENCES["not_given"].in_(lang).format(columns=listed, source=source)
    else:
        spec = next((one for one in problem.scenario.spec.eligibility if one.id == failure.rule), None)
        head = _describe_requirement(spec.title if spec else "", failure.reason, source, lang)
        condition = describe_plain_condition(failure.wanted, lang)
        if not condition:
            yield from [head] * len(rows)
            return
        kept = f"{head} {_MET_BY.in_(lang).format(condition=condition)}"
        for held in _describe_held(problem, failure, rows, lang):
            yield f"{kept} {held}" if held else kept


def _describe_requirement(title: str, reason: str, source: str, lang: Lang) -> str:
    words = {key: text for key, text in (("title", title), ("reason", reason)) if is_plain(text, lang)}
    words = {key: text.strip().rstrip(".") for key, text in words.items()}
    key = {
        (): "requirement",
        ("title",): "requirement_titled",
        ("reason",): "requirement_reasoned",
        ("title", "reason"): "requirement_whole",
    }[tuple(words)]
    return SENTENCES[key].in_(lang).format(source=source, **words)


def describe_plain_condition(wanted: Mapping[str, object], lang: Lang) -> str:
    """Return a condition in words, "" where they would hold a code, an operator or a name of the file.

    >>> describe_plain_condition({"population": {"above": "500000"}}, Lang.EN)
    'the population is above 500,000'
    >>> describe_plain_condition({"avis": "oui"}, Lang.EN)
    ''
    """
    if len(wanted) != 1 or not _has_words(wanted):
        return ""
    text = describe_selector(wanted, lang)
    return text if is_plain(text, lang) else ""


def _has_words(wanted: Mapping[str, object]) -> bool:
    """Whether every column of a condition has a name in words, and is compared with a figure or a day alone."""
    for column, tests in wanted.items():
        if column in ("any", "all"):
            has_words = isinstance(tests, list) and all(_has_words(part) for part in tests)
        else:
            has_words = column in _STATED_COLUMNS and isinstance(tests, dict) and _is_comparison(tests)
        if not has_words:
            return False
    return True


def _is_comparison(tests: Mapping[str, object]) -> bool:
    """Whether each test compares with a figure, a day or a span, without a product."""
    return all(
        test in _COMPARISONS and not (isinstance(bound, dict) and "times" in bound)
        for test, bound in tests.items()
    )


def _describe_held(problem: Problem, failure: Failure, rows: NDArray[np.int64], lang: Lang) -> Iterator[str]:
    """Yield the applicant's own figure or day of the column that a requirement reads, "" where there is none."""
    case, column = problem.case, failure.column
    kind = get_column_kind(case, column)
    if kind not in (ValueKind.MONEY, ValueKind.NUMBER, ValueKind.DATE):
        yield from [""] * len(rows)
        return
    name = f"{column}_cents" if kind is ValueKind.MONEY else column
    cells = case.table[name].gather(rows)
    if kind is ValueKind.DATE:
        cells = convert_to_local_days(cells, case.timezone)
    text = (_HELD_DAY if kind is ValueKind.DATE else _HELD[column_text.is_plural(column)]).in_(lang)
    label, written = column_text.describe_column(column).in_(lang), dict[Any, str]()
    for cell in cells.to_list():
        if cell not in written:
            value = "" if cell is None else _format_held(cell, kind, lang)
            written[cell] = text.format(column=label, value=value) if is_plain(value, lang) else ""
        yield written[cell]


def _format_held(cell: Any, kind: ValueKind, lang: Lang) -> str:
    if kind is ValueKind.MONEY:
        return format_cents(cell, lang, decimals=True)
    if kind is ValueKind.DATE:
        return format_day(cell.isoformat(), lang)
    exact = convert_to_fraction(cell)
    return "" if exact is None else format_number(exact, lang)


def _list_columns(columns: Sequence[str], lang: Lang) -> str:
    """Return ` ("…")` with the columns that have a name in words, or nothing."""
    words = [
        column_text.describe_bare_column(name).in_(lang) if name in column_text.COLUMN else name
        for name in columns
        if name in column_text.COLUMN or _is_header(name)
    ]
    words = [word for word in words if is_plain(word, lang)]
    return f" ({format_list([Names([word]).in_(lang) for word in words], lang)})" if words else ""


def _is_header(name: str) -> bool:
    """Whether the name of a planner's own column is written as words are: « Avis DDT », and not `avis_ddt`."""
    return "_" not in name and (" " in name.strip() or any(letter.isupper() for letter in name))
