"""The page of `explain` read back: reasons, smallest changes, inversions and the reserve list."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Any

from support.printed.facts import Facts
from support.printed.run import WIDE
from support.printed.texts import Pattern, cells, cents, number, read_sentence, sections
from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.analysis.explain.sentences import KINDS, NOTES, WHY_NOT, get_sentence_key
from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes, render_report
from tnt_sim.reporting.reports.explanation import build_dossier, build_report


def named(text: str) -> list[str]:
    """The names in quotes of a sentence."""
    return [one.strip("\u00a0") for one in re.findall(r"[«\"]\s*(.*?)\s*[»\"]", text)]


def funded_for(facts: Facts, entry: Any, granted: int, **_: Any) -> None:
    row = facts.rows[entry["dossier"]]
    assert row["funded"]
    assert granted == row["granted_cents"] > 0


def thanks_to(facts: Facts, entry: Any, document: Any, granted: int, **_: Any) -> None:
    funded_for(facts, entry, granted)
    assert any(entry["dossier"] in (rule["leaves"] or ()) for rule in document["rules"])


def displaced(facts: Facts, entry: Any, document: Any, **_: Any) -> None:
    assert not facts.rows[entry["dossier"]]["funded"]
    assert any(entry["dossier"] in (rule["enters"] or ()) for rule in document["rules"])


def short_of_money(
    facts: Facts,
    entry: Any,
    document: Any,
    title: str,
    asked: int,
    left: int,
    margin: str = "",
    bar: str = "",
    **_: Any,
) -> None:
    row, node = facts.rows[entry["dossier"]], facts.titled(title)
    assert asked == row["ask"] > left >= 0
    assert node in facts.above(row["at"])
    assert not facts.walled or left == facts.left(node)
    for name in named(margin):
        assert facts.rows[name]["funded"]
        assert node in facts.above(facts.rows[name]["at"])
        assert facts.worth(name) >= facts.worth(entry["dossier"])
    (waits,) = [one for one in document["reserve"] if one["dossier"] == entry["dossier"]]
    assert (waits["rule"] is not None) == bool(bar), waits
    if not bar:
        assert waits["missing_cents"] >= asked - left > 0


def by_another(facts: Facts, entry: Any, by: str, **_: Any) -> None:
    assert not facts.rows[entry["dossier"]]["funded"]
    assert facts.rows[by]["funded"] is (entry["reason_code"] == "variant")


def missed(facts: Facts, entry: Any, missed: str, lang: Lang, **_: Any) -> None:
    """What is held is the cell of the table; what is missing is the difference to the limit."""
    row = facts.rows[entry["dossier"]]
    assert not row["funded"]
    for one in entry["missed"]:
        if one["unit"] == "number" and one["value"] is not None:
            assert Fraction(one["value"]) == Fraction(str(row[one["column"]]))
        if one["shortfall"] is None or one["limit"] is None:
            continue
        if one["unit"] == "days":
            days = abs((date.fromisoformat(one["value"][:10]) - date.fromisoformat(one["limit"][:10])).days)
            assert int(one["shortfall"]) == days
            assert any(f"{days}{space}" in missed for space in "\u00a0 \u202f")
        elif one["value"] is not None:
            gap = abs(Fraction(one["value"]) - Fraction(one["limit"]))
            assert gap <= Fraction(one["shortfall"]) <= gap + 1


def not_funded(facts: Facts, entry: Any, **_: Any) -> None:
    assert not facts.rows[entry["dossier"]]["funded"]


def on_reserve(facts: Facts, entry: Any, money: int, **_: Any) -> None:
    not_funded(facts, entry)
    assert money == facts.rows[entry["dossier"]]["ask"]


WHY = [
    Pattern("Déjà engagé pour {granted:money}.", "Already committed for {granted:money}.", funded_for),
    Pattern(
        "Retenu par décision{who}, pour {granted:money} : {why}.",
        "Funded by decision{who}, for {granted:money}: {why}.",
        funded_for,
    ),
    Pattern(
        "Retenu pour {granted:money} : il est dans la meilleure répartition de l'objectif du programme.",
        "Funded for {granted:money}: it belongs to the best allocation for the programme's goal.",
        funded_for,
    ),
    Pattern(
        "Retenu pour {granted:money} : il est dans la répartition trouvée, dont rien ne prouve qu'elle est la "
        "meilleure.",
        "Funded for {granted:money}: it belongs to the allocation that was found, which nothing proves to be the "
        "best.",
        funded_for,
    ),
    Pattern(
        "Retenu pour {granted:money} grâce à {rule} : sans elle, il ne serait pas retenu.",
        "Funded for {granted:money} thanks to {rule}: without it, it would not be funded.",
        thanks_to,
    ),
    Pattern(
        "Non retenu à cause de {rule} : sans elle, il serait retenu.",
        "Not funded because of {rule}: without it, it would be funded.",
        displaced,
    ),
    Pattern(
        "Devancé dans « {title} » : il lui faut {asked:money}, l'enveloppe peut encore donner {left:money}, et "
        "les derniers retenus "
        "({margin}) apportent au moins autant par euro. Même avec plus d'argent, le financer sans "
        "changer les autres ferait "
        "rompre {bar}.",
        'Outranked in "{title}": it needs {asked:money}, {left:money} can still go there, and the last that were '
        "funded "
        "({margin}) bring at least as much per euro. Even with more money, funding it without changing the "
        "others would break "
        "{bar}.",
        short_of_money,
    ),
    Pattern(
        "Devancé dans « {title} » : il lui faut {asked:money}, l'enveloppe peut encore donner {left:money}, et "
        "les derniers retenus "
        "({margin}) apportent au moins autant par euro.",
        'Outranked in "{title}": it needs {asked:money}, {left:money} can still go there, and the last that were '
        "funded "
        "({margin}) bring at least as much per euro.",
        short_of_money,
    ),
    Pattern(
        "Non retenu : il lui faut {asked:money}, et « {title} » peut encore donner {left:money}. Même "
        "avec plus d'argent, le financer sans changer les autres ferait rompre {bar}.",
        'Not funded: it needs {asked:money}, and {left:money} can still go to "{title}". '
        "Even with "
        "more money, funding it without changing the others would break {bar}.",
        short_of_money,
    ),
    Pattern(
        "Non retenu : il lui faut {asked:money}, et « {title} » peut encore donner {left:money}.",
        'Not funded: it needs {asked:money}, and {left:money} can still go to "{title}".',
        short_of_money,
    ),
    Pattern("Non éligible : {missed}.", "Not eligible: {missed}.", missed),
    Pattern(
        "Non éligible, faute de réponse : {missed}.", "Not eligible for want of an answer: {missed}.", missed
    ),
    Pattern(
        "Éligible, mais ses plafonds ne laissent aucun montant possible.",
        "Eligible, but its caps leave no possible amount.",
        not_funded,
    ),
    Pattern("Non retenu par décision{who} : {why}.", "Not funded by decision{who}: {why}.", not_funded),
    Pattern(
        "Non retenu : l'autre variante « {by} » est retenue, et une seule peut l'être.",
        'Not funded: the other variant "{by}" is funded, and only one may be.',
        by_another,
    ),
    Pattern(
        "Non retenu : il exige le dossier « {by} », qui n'est pas retenu.",
        'Not funded: it requires application "{by}", which is not funded.',
        by_another,
    ),
    Pattern(
        "Non retenu : dans l'ordre de {rule}, « {by} » passe avant et n'est pas retenu.",
        'Not funded: in the order of {rule}, "{by}" goes first and is not funded.',
        by_another,
    ),
    Pattern(
        "Non retenu : le financer ferait rompre {rule}.",
        "Not funded: funding it would break {rule}.",
        not_funded,
    ),
    Pattern(
        "Non retenu : il n'apporterait rien à l'objectif du programme.",
        "Not funded: it would add nothing to the programme's goal.",
        not_funded,
    ),
    Pattern(
        "Non retenu : aucune valeur n'est donnée ({empty}), il compte pour zéro dans l'objectif.",
        "Not funded: no value is given ({empty}), it counts as zero in the objective.",
        not_funded,
    ),
    Pattern(
        "Sur la liste de réserve, rang {rank:int} ({money:money}).",
        "On the reserve list, rank {rank:int} ({money:money}).",
        on_reserve,
    ),
    Pattern("Non retenu : {missed}.", "Not funded: {missed}.", missed),
]


def raised_score(
    facts: Facts,
    entry: Any,
    change: Any,
    to: Fraction,
    now: Fraction,
    by: Fraction,
    step: Fraction,
    top: Fraction | None = None,
    **_: Any,
) -> None:
    column = facts.result.dossiers[change["of"]].to_list()
    assert now == Fraction(str(column[facts.rows[entry["dossier"]]["row"]]))
    assert to == now + by
    assert by != 0
    assert by % step == 0
    most = max(Fraction(str(value)) for value in column if value is not None)
    assert top is None or (top == most < to)
    assert top is not None or to <= most or by < 0


def asks_less(facts: Facts, entry: Any, to: int, now: int, **_: Any) -> None:
    row = facts.rows[entry["dossier"]]
    assert now in (row["ask"], int(facts.result.problem.offers.most_cents[row["row"]]))
    assert 0 < to < now


def more_money(
    facts: Facts, entry: Any, document: Any, title: str, by: int, to: int, first: int | None = None, **_: Any
) -> None:
    """A sufficient amount: what is written and what is added; never more than what is missing "
    "beside today's list."""
    node = facts.titled(title)
    assert by > 0
    assert to == facts.envelopes[node]["amount_cents"] + by
    assert first is None or first >= to
    (waits,) = [one for one in document["reserve"] if one["dossier"] == entry["dossier"]]
    if waits["rule"] is None and waits["missing_cents"] and waits["envelope"] == node:
        assert by <= waits["missing_cents"], "what is enough without loss is more than what is missing"


def some_money(facts: Facts, title: str, low: int, high: int | None = None, **_: Any) -> None:
    assert facts.titled(title)
    assert low >= 0
    assert high is None or low < high


def tied(facts: Facts, entry: Any, title: str, **_: Any) -> None:
    """Where an equal allocation holds the dossier, no other sentence of it may ask for money."""
    assert facts.titled(title)
    for change in entry["changes"]:
        assert change["kind"] != "envelope" or change.get("tie") or change["status"] == "interval", change


def gives_way(by: Fraction, **_: Any) -> None:
    assert by > 0


def gives_way_money(by: int, **_: Any) -> None:
    assert by > 0


def lifted(facts: Facts, entry: Any, grant: int, **_: Any) -> None:
    row = facts.rows[entry["dossier"]]
    not_funded(facts, entry)
    assert grant > 0
    assert not row["ask"] or grant >= row["ask"]


def impossible(facts: Facts, entry: Any, document: Any, change: Any, **_: Any) -> None:
    not_funded(facts, entry)
    if change["why"] == "envelope_never":
        waits = [one for one in document["reserve"] if one["dossier"] == entry["dossier"]]
        for one in waits:
            assert change["of"] != one["envelope"] or one["rule"] is not None, (
                "a sum is enough beside « no amount »"
            )


CHANGES = [
    Pattern(
        "Il serait retenu avec {column} de {to:dec} au lieu de {now:dec} ({by:dec}, par pas de "
        "{step:dec}) ; un pas "
        "de moins ne suffit pas ; aucun dossier n'a plus de {top:dec}.",
        "It would be funded with {column} of {to:dec} instead of {now:dec} ({by:dec}, in steps of "
        "{step:dec}); one "
        "step less is not enough; no application has more than {top:dec}.",
        raised_score,
    ),
    Pattern(
        "Il serait retenu avec {column} de {to:dec} au lieu de {now:dec} ({by:dec}, par pas de "
        "{step:dec}) ; un pas "
        "de moins ne suffit pas.",
        "It would be funded with {column} of {to:dec} instead of {now:dec} ({by:dec}, in steps of "
        "{step:dec}); one "
        "step less is not enough.",
        raised_score,
    ),
    Pattern(
        "Il serait retenu si la demande était ramenée à {to:money} au plus (au lieu de {now:money}).",
        "It would be funded if the request were lowered to {to:money} at most (instead of {now:money}).",
        asks_less,
    ),
    Pattern(
        "Il pourrait être retenu sans perte avec {by:money} de plus dans « {title} » ({to:money}) ; un "
        "centime de "
        "moins ne suffit pas. La meilleure répartition le retient pour la première fois à {first:money}.",
        'It could be funded at no loss with {by:money} more in "{title}" ({to:money}); one cent less is '
        "not enough. "
        "The best allocation first holds it at {first:money}.",
        more_money,
    ),
    Pattern(
        "Il pourrait être retenu sans perte avec {by:money} de plus dans « {title} » ({to:money}) ; un "
        "centime de "
        "moins ne suffit pas.",
        'It could be funded at no loss with {by:money} more in "{title}" ({to:money}); one cent less is '
        "not enough.",
        more_money,
    ),
    Pattern(
        "Il pourrait être retenu sans perte avec {low:money} à {high:money} de plus dans « {title} ».",
        'It could be funded at no loss with {low:money} to {high:money} more in "{title}".',
        some_money,
    ),
    Pattern(
        "Sans perte, il lui faudrait au moins {low:money} de plus dans « {title} ».",
        'At no loss it would take at least {low:money} more in "{title}".',
        some_money,
    ),
    Pattern(
        "Combien il faudrait de plus dans « {title} » n'est pas calculé ici : demandez ce dossier seul.",
        'How much more it would take in "{title}" is not computed here: ask for this application alone.',
        lambda facts, title, **_: facts.titled(title),
    ),
    Pattern(
        "Il est ex æquo : une répartition de même valeur le financerait, sans rien ajouter à « {title} ».",
        'It is tied: an allocation of the same value funds it, with nothing more in "{title}".',
        tied,
    ),
    Pattern(
        "Il pourrait être retenu sans perte si la règle « {rule} » cédait de {by:money}, et pas moins.",
        'It could be funded at no loss if the rule "{rule}" gave way by {by:money}, and no less.',
        gives_way_money,
    ),
    Pattern(
        "Il pourrait être retenu sans perte si la règle « {rule} » cédait de {by:dec}, et pas moins.",
        'It could be funded at no loss if the rule "{rule}" gave way by {by:dec}, and no less.',
        gives_way,
    ),
    Pattern(
        "Sans la décision « {rule} », il serait retenu pour {grant:money}.",
        'Without the decision "{rule}" it would be funded for {grant:money}.',
        lifted,
    ),
    Pattern(
        "S'il remplissait la condition « {rule} », il serait retenu pour {grant:money}.",
        'If it met the requirement "{rule}", it would be funded for {grant:money}.',
        lifted,
    ),
    *(
        Pattern(f"{kind.fr} : {why.fr}.", f"{kind.en}: {why.en}.", impossible)
        for kind in KINDS.values()
        for why in WHY_NOT.values()
    ),
]


def check_dossiers(facts: Facts, told: ExplainDocument, document: Any, lang: Lang) -> set[str]:
    """Every sentence of every dossier; gives the reasons that were read."""
    for one, entry in zip(told.dossiers, document["dossiers"], strict=True):
        lines = [line.plain.strip() for line in render_nodes([build_dossier(one)], lang, WIDE)][1:]
        about: dict[str, Any] = {"facts": facts, "entry": entry, "document": document}
        read_sentence(WHY, lines[0], lang, **about)
        changes = entry["changes"]
        enough = [change for change in changes if is_enough(change)]
        for line, change in zip(lines[1:], enough or changes, strict=True):
            said = line.removeprefix("→ ")
            bare = said.replace(f" {NOTES['FEASIBLE_GAP'].in_(lang)}", "")
            assert (bare != said) is (change.get("proof") == "FEASIBLE_GAP"), line
            read_sentence(CHANGES, bare, lang, change=change, **about)
    return {get_sentence_key(entry) for entry in told.dossiers}


def is_enough(change: Any) -> bool:
    """Whether a change would fund the application, or says within which limits it would."""
    if change["status"] in ("impossible", "undefined"):
        return False
    if change["status"] != "interval":
        return True
    if change["kind"] == "score":
        return change.get("high") is not None or change["low"] != change["from"]
    return change.get("by_cents") is not None or change.get("low_cents") != 0


def more_of(line: str) -> str:
    """The number of « … et 2 304 autres »."""
    found = re.search(r"\d[\d\u202f,]*", line)
    assert found is not None
    return found[0]


def check_reserve(facts: Facts, document: Any, lines: list[str], lang: Lang) -> None:
    """Ranks from 1, what each asks, and a rule or a sum that its row and its page share."""
    pages = {entry["dossier"]: entry for entry in document["dossiers"]}
    ranks = []
    for line in lines[1:]:
        if line.strip().startswith("…"):
            n = int(number(more_of(line), lang))
            assert n == len(document["reserve"]) - len(lines[1:-1])
            continue
        *ranked, name, envelope, asks, waits = cells(line)
        rank = ranked[0] if ranked else "–"  # no list has a rank: no column
        row = facts.rows[name]
        assert not row["funded"]
        assert (envelope, cents(asks, lang)[0]) == (row["at"], row["ask"])
        ranks += [] if rank == "–" else [int(rank)]
        more = Pattern("{money:money} de plus", "{money:money} more", lambda **_: None).fields(waits, lang)
        if more is None:
            assert rank == "–"
            continue
        assert rank != "–"
        assert more["money"] > 0
        held = any(facts.envelopes[one]["reserved_cents"] for one in facts.above(row["at"]))
        if facts.walled and not held:
            assert more["money"] == row["ask"] - facts.room(row["at"]), line
        elif facts.walled:  # a share of what is added is held back too
            assert more["money"] > row["ask"] - facts.room(row["at"]), line
        assert name not in pages or "barred_by" not in pages[name] or pages[name]["barred_by"] is None
    assert ranks == list(range(1, len(ranks) + 1))


def check_inversions(facts: Facts, document: Any, lines: list[str], lang: Lang) -> None:
    """The pairs of one envelope of which the better by the score is refused, counted again."""
    column = document["inversions"]["rank"]
    score = {
        name: Fraction(str(row[column])) for name, row in facts.rows.items() if row[column] not in (None, "")
    }
    free = [
        (name, row)
        for name, row in facts.rows.items()
        if name in score and row["eligible"] and row["reason_code"] not in ("committed", "decided")
    ]
    worse = {
        name: [
            other
            for other, one in free
            if one["funded"] and one["at"] == row["at"] and score[other] < score[name]
        ]
        for name, row in free
        if not row["funded"]
    }
    pairs, refused = [int(number(text, lang)) for text in re.findall(r"[\d\u202f,]+(?= [a-z])", lines[0])[:2]]
    assert pairs == sum(len(some) for some in worse.values())
    assert refused == sum(bool(some) for some in worse.values())
    for line in lines[2:]:
        if line.strip().startswith("…"):
            assert int(number(more_of(line), lang)) == refused - len(lines[2:-1])
            continue
        name, value, asks, other, low, gets, n, envelope = cells(line)
        assert other in worse[name]
        assert int(number(n, lang)) == len(worse[name])
        assert (number(value, lang), number(low, lang)) == (score[name], score[other])
        assert cents(asks, lang)[0] == facts.rows[name]["ask"]
        assert cents(gets, lang)[0] == facts.rows[other]["granted_cents"]
        assert envelope == facts.rows[name]["at"]


def check_explanation(facts: Facts, told: ExplainDocument, lang: Lang) -> set[str]:
    """The whole page of `explain`."""
    document = dump_document(told)
    for title, lines in sections(render_report(build_report(told), lang, WIDE)):
        if title in ("Inversions",) and lines:
            check_inversions(facts, document, lines, lang)
        elif title.startswith(("Liste de réserve", "Reserve list")):
            check_reserve(facts, document, lines, lang)
    for rule in document["rules"]:
        for name in rule["enters"] or ():
            assert not facts.rows[name]["funded"]
        for name in rule["leaves"] or ():
            assert facts.rows[name]["funded"]
    return check_dossiers(facts, told, document, lang)
