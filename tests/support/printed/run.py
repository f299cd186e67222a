"""The page of `run` read back: what each sentence and each cell claims."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from support.printed.facts import Facts, plain
from support.printed.texts import Pattern, cells, cents, number, read_sentence, sections
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.run import build_report
from tnt_sim.reporting.text.vocabulary import REASON, build_labels, translate_document

WIDE = 10_000
MONEY_CODES = ("outranked", "none_fits", "reserve")


def granted_of(facts: Facts, granted: int, amount: int, left: int, **_: Any) -> None:
    root = next(iter(facts.envelopes))
    assert granted == facts.granted(root)
    assert amount == facts.envelopes[root]["amount_cents"]
    assert left == max(0, amount - granted)


def counted(facts: Facts, filed: int, eligible: int, funded: int, **_: Any) -> None:
    rows = list(facts.rows.values())
    assert filed == len(rows)
    assert eligible == sum(row["eligible"] for row in rows)
    assert funded == sum(row["funded"] for row in rows)


def reached(facts: Facts, people: int, lost: int = 0, **_: Any) -> None:
    document = facts.result.document
    assert (people, lost) == (document["inhabitants"], document["n_unlocated"])
    assert lost <= document["n_funded"]


HEAD = [
    Pattern(
        "{granted:money} accordés sur {amount:money} ; {left:money} non dépensés",
        "{granted:money} granted of {amount:money}; {left:money} not spent",
        granted_of,
    ),
    Pattern(
        "{filed:int} {a} déposé{b}, {eligible:int} éligible{c}, {funded:int} financé{d}",
        "{filed:int} {a} filed, {eligible:int} eligible, {funded:int} funded",
        counted,
    ),
    Pattern(
        "{people:int} {a} dans les communes atteintes, chacun compté une fois ; {lost:int} {b} pas de "
        "commune que la "
        "carte connaisse",
        "{people:int} {a} in the communes reached, each counted once; {lost:int} {b} no place that the "
        "map knows in "
        "full",
        reached,
    ),
    Pattern(
        "{people:int} {a} dans les communes atteintes, chacun compté une fois",
        "{people:int} {a} in the communes reached, each counted once",
        reached,
    ),
]


def excepted(facts: Facts, node: str, some: str, lang: Lang, *, fitting: bool) -> None:
    """« 6 que la règle « r » écarte (55 000 €) et 25 refusés par décision »: who is left out, and "
    "for how much."""
    waiting = facts.waiting(node)
    if fitting:
        waiting = [row for row in waiting if row["reason_code"] not in MONEY_CODES]
    refused = [row for row in facts.under(node) if row["eligible"] and row["reason_code"] == "decided"]
    refused = [] if fitting else [row for row in refused if not row["funded"]]
    told = {"waiting": 0, "refused": 0}

    def kept_out(n: int, money: int, rule: str = "", **_: Any) -> None:
        told["waiting"] += n
        assert money == sum(row["ask"] for row in waiting)
        assert not rule or rule in {row["reason_rule"] for row in waiting}

    def by_decision(n: int, **_: Any) -> None:
        told["refused"] += n

    patterns = [
        Pattern(
            "{n:int} que la règle « {rule} » écarte ({money:money})",
            '{n:int} kept out by the rule "{rule}" ({money:money})',
            kept_out,
        ),
        Pattern(
            "{n:int} non retenu{s}, surtout par la règle « {rule} » ({money:money})",
            '{n:int} not funded{s}, mostly for the rule "{rule}" ({money:money})',
            kept_out,
        ),
        Pattern("{n:int} non retenu{s} ({money:money})", "{n:int} not funded{s} ({money:money})", kept_out),
        Pattern("{n:int} refusé{s} par décision", "{n:int} refused by decision{s}", by_decision),
    ]
    for part in some.split(" et " if lang is Lang.FR else " and ") if some else []:
        read_sentence(patterns, part, lang)
    assert (told["waiting"], told["refused"]) == (len(waiting), len(refused)), some
    if not fitting:
        funded = [row for row in facts.under(node) if row["eligible"] and row["funded"]]
        eligible = [row for row in facts.under(node) if row["eligible"]]
        assert len(eligible) == len(funded) + told["waiting"] + told["refused"]


def all_funded(facts: Facts, node: str, lang: Lang, some: str = "", **_: Any) -> None:
    excepted(facts, node, some, lang, fitting=False)


def none_fits(facts: Facts, node: str, lang: Lang, some: str = "", **_: Any) -> None:
    excepted(facts, node, some, lang, fitting=True)
    if facts.walled:
        for row in facts.waiting(node):
            assert row["reason_code"] not in MONEY_CODES or row["ask"] > facts.room(row["at"])


def mostly(facts: Facts, node: str, title: str, rest: str, lang: Lang, **_: Any) -> None:
    inner = facts.titled(title)
    assert node in facts.above(inner)
    assert 2 * (facts.left(inner) or 0) >= (facts.left(node) or 0)
    read_sentence(UNSPENT, rest, lang, facts=facts, node=inner)


def nothing_filed(facts: Facts, node: str, **_: Any) -> None:
    assert not facts.under(node)


def nothing_eligible(facts: Facts, node: str, **_: Any) -> None:
    assert not any(row["eligible"] for row in facts.under(node))


def barred(facts: Facts, node: str, rule: str, **_: Any) -> None:
    assert facts.waiting(node)
    assert rule in {row["reason_rule"] for row in facts.waiting(node)}


def held_back(facts: Facts, node: str, **_: Any) -> None:
    assert facts.envelopes[node]["reserved_cents"] > 0


def some_wait(facts: Facts, node: str, **_: Any) -> None:
    assert facts.waiting(node)


UNSPENT = [
    Pattern("Surtout dans « {title} ». {rest}", 'Mostly in "{title}". {rest}', mostly),
    Pattern(
        "Tous les dossiers éligibles sont financés.", "Every eligible application is funded.", all_funded
    ),
    Pattern(
        "Tous les dossiers éligibles sont financés, sauf {some}.",
        "Every eligible application is funded, but for {some}.",
        all_funded,
    ),
    Pattern(
        "Aucun dossier restant ne tient dans ce qui reste.",
        "No remaining application fits in what is left.",
        none_fits,
    ),
    Pattern(
        "Aucun dossier restant ne tient dans ce qui reste, sauf {some}.",
        "No remaining application fits in what is left, but for {some}.",
        none_fits,
    ),
    Pattern(
        "Aucun dossier restant ne tient dans ce qui reste à son enveloppe.",
        "No remaining application fits in what is left of its own envelope.",
        none_fits,
    ),
    Pattern(
        "Aucun dossier restant ne tient dans ce qui reste à son enveloppe, sauf {some}.",
        "No remaining application fits in what is left of its own envelope, but for {some}.",
        none_fits,
    ),
    Pattern("Aucun dossier n'y est déposé.", "No application is filed there.", nothing_filed),
    Pattern("Aucun dossier n'y est éligible.", "No application is eligible there.", nothing_eligible),
    Pattern(
        "Aucun autre dossier ne peut être financé sans enfreindre la règle « {rule} ».",
        'No further application can be funded without breaking the rule "{rule}".',
        barred,
    ),
    Pattern("C'est la réserve de précaution.", "This is the precautionary reserve.", held_back),
    Pattern(
        "Un dossier de plus n'apporterait rien à l'objectif.",
        "One application more would add nothing to the goal.",
        some_wait,
    ),
    Pattern(
        "Des dossiers tiendraient ici, mais l'enveloppe au-dessus est épuisée.",
        "Applications would fit here, but the envelope above is used up.",
        some_wait,
    ),
]
COLUMN_OF = {
    "Montant": "amount",
    "Amount": "amount",
    "Disponible": "effective",
    "Available": "effective",
    "Accordé": "granted",
    "Granted": "granted",
    "Reste": "left",
    "Left": "left",
    "Déposés": "filed",
    "Filed": "filed",
    "Éligibles": "eligible",
    "Eligible": "eligible",
    "Financés": "funded",
    "Funded": "funded",
}


def check_envelopes(facts: Facts, lines: list[str], lang: Lang) -> None:
    header, *rest = lines
    columns = [COLUMN_OF[cell] for cell in cells(header)[1:]]
    parent = ""
    for line in rest:
        name, *values = cells(line.replace("│", " ").replace("├─", "").replace("└─", ""))
        name = name.strip().split(" · ")[0]
        if name in facts.envelopes:
            members, parent = [name], name
        else:  # the parts of a split, together
            members = [one["id"] for one in facts.envelopes.values() if one["parent"] == parent]
            assert name.startswith(str(len(members)))
        for column, text in zip(columns, values, strict=True):
            expected = [figure_of(facts, one, column) for one in members]
            if text == "–":
                assert None in expected
            elif column in ("filed", "eligible", "funded"):
                assert number(text, lang) == sum(one or 0 for one in expected)
            else:
                assert cents(text, lang) == (sum(one or 0 for one in expected), 0), line


def figure_of(facts: Facts, name: str, column: str) -> int | None:
    entry, under = facts.envelopes[name], facts.under(name)
    if column in ("amount", "effective"):
        found: int | None = entry[f"{column}_cents"]
        return found
    if column == "granted":
        return facts.granted(name)
    if column == "left":
        return facts.left(name)
    return len(under) if column == "filed" else sum(bool(row[column]) for row in under)


def check_rules(facts: Facts, lines: list[str], lang: Lang) -> None:
    """A rule's value, bound and word agree; « le plus serré de N groupes, M à la borne » counts them again."""
    rules = {rule["id"]: rule for rule in facts.result.document["rules"]}
    last: dict[str, Any] = {}
    for line in lines[1:]:
        name = cells(line)[0]
        if name in rules and not line.startswith("    "):
            last = rules[name]
            state = cells(line)[-1]
            figures = last["groups"] or [last]
            slack = [Fraction(one["slack"]) for one in figures if one["slack"] is not None]
            exact = [Fraction(one["num"], one["den"]) for one in figures if one["den"]]
            assert len(exact) >= len(slack)
            holds = all(one >= 0 for one in slack)
            words = ("respectée", "satisfied") if holds and 0 not in slack else ("à la borne", "at its bound")
            words = words if holds else ("NON RESPECTÉE", "BROKEN")
            assert state.startswith(words) or not slack, line
            continue
        for kind, at, n in groups_told(line, lang):
            groups = last["groups"]
            binding = sum(group["slack"] is not None and Fraction(group["slack"]) == 0 for group in groups)
            assert n == (binding if at else len(groups)), (kind, line)


def groups_told(line: str, lang: Lang) -> Iterator[tuple[str, bool, int]]:
    tail = line.rsplit(" – ", 1)[-1].strip()
    words = {"le plus serré de ": False, "the tightest of ": False}
    for start, at in words.items():
        if tail.startswith(start):
            first, *more = tail.removeprefix(start).split(", ")
            yield start, at, int(number(first.split(" ")[0], lang))
            for part in more:
                if part.endswith((" à la borne", " at the bound")):
                    yield part, True, int(number(part.split(" ")[0], lang))


def check_reasons(facts: Facts, lines: list[str], lang: Lang) -> None:
    """How many dossiers have each reason, and both sums."""
    words = {text.in_(lang): code for code, text in REASON.items()}
    words[{Lang.FR: "refusés par décision", Lang.EN: "refused by decision"}[lang]] = "decided"
    funded = True
    for line in lines:
        name, text = cells(line)
        n = int(number(text, lang))
        if not line.startswith("    "):
            funded = name in ("Financés", "Funded")
            assert n == sum(bool(row["funded"]) is funded for row in facts.rows.values())
            continue
        mine = [row for row in facts.rows.values() if bool(row["funded"]) is funded]
        assert n == sum(row["reason_code"] == words[name] for row in mine), line


def check_goals(facts: Facts, lines: list[str], lang: Lang) -> None:
    values = [goal["value"] for goal in facts.result.document["objective"]]
    for line, value, stage in zip(lines, values, facts.result.problem.stages, strict=True):
        shown = number(cells(line)[1].replace("€", "").strip(), lang)
        assert abs(shown - Fraction(value)) < 1
        column = facts.result.dossiers.get_column(stage.goal, default=None)
        if column is not None and not stage.goal_parts:
            numbers = zip(column.to_list(), facts.rows.values(), strict=True)
            assert Fraction(value) == sum(Fraction(str(v or 0)) for v, row in numbers if row["funded"])


def asked_by(facts: Facts, names: str, money: int, **_: Any) -> None:
    if "…" not in names:
        assert money == sum(facts.rows[name]["ask"] for name in names.split(", "))


IDLE = Pattern(
    "{head} ({names} ; {money:money} demandés). (idle-money)",
    "{head} ({names}; {money:money} requested). (idle-money)",
    asked_by,
)


def check_warning(facts: Facts, line: str, lang: Lang) -> None:
    """A warning is one of the run's; one that counts money is counted again."""
    text = line.strip().removeprefix("! ")
    told = {plain(one.describe(lang)).casefold() for one in facts.result.warnings}
    assert plain(text).casefold() in told
    if text.endswith("(idle-money)"):
        read_sentence([IDLE], text, lang, facts=facts)


TITLES = {
    "Enveloppes": "envelopes",
    "Envelopes": "envelopes",
    "Non dépensé, et pourquoi": "unspent",
    "Not spent, and why": "unspent",
    "Règles": "rules",
    "Rules": "rules",
    "Objectif": "goals",
    "Objective": "goals",
    "Dossiers": "reasons",
    "Applications": "reasons",
    "Avertissements": "warnings",
    "Warnings": "warnings",
}


def check_run(facts: Facts, lang: Lang) -> set[str]:
    """The page of `run`; gives the parts that were read."""
    result = facts.result
    report = build_report(translate_document(result, lang), build_labels(result, lang))
    page = render_report(report, lang, WIDE)
    read = set()
    for title, lines in sections(page):
        part = TITLES.get(title, "head")
        read.add(part)
        if part == "head":
            for line in lines:
                if line[0].isdigit() or line.startswith("€"):
                    read_sentence(HEAD, line, lang, facts=facts)
        elif part == "envelopes":
            check_envelopes(facts, lines, lang)
        elif part == "unspent":
            for line in lines:
                name, left, *why = cells(line)
                if name in facts.envelopes:
                    assert cents(left, lang)[0] == facts.left(name), line
                    read_sentence(UNSPENT, "  ".join(why), lang, facts=facts, node=name)
        elif part == "rules":
            check_rules(facts, lines, lang)
        elif part == "goals":
            check_goals(facts, lines, lang)
        elif part == "reasons":
            check_reasons(facts, lines, lang)
        else:
            for line in lines:
                check_warning(facts, line, lang)
    return read
