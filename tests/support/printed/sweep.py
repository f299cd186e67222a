"""The pages of `sweep`, `entry-thresholds` and `marginal-euro` read back."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import Any

from support.printed.facts import Facts, plain
from support.printed.run import UNSPENT, WIDE
from support.printed.texts import Pattern, cells, cents, number, read_sentence, sections
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.sweep import build_report
from tnt_sim.studies.study_answer import QuestionAnswer

POINT = {
    "Dossiers": "n_funded",
    "Applications": "n_funded",
    "Dép.": "n_departments",
    "Dept.": "n_departments",
    "Pop. des porteurs": "population",
    "Applicants' pop.": "population",
    "Habitants": "inhabitants",
    "Inhabitants": "inhabitants",
}
CURVE_TITLES = {
    "Chaque montant pour lui-même (libre)": "free",
    "Each amount for itself (free)": "free",
    "Engagements maintenus d'un montant au suivant (cumulatif)": "nested",
    "Commitments kept from one amount to the next (nested)": "nested",
}


def lists_of(swept: Any, curve: str) -> dict[int, set[str]]:
    """Who is funded at each amount, from the lists themselves."""
    names = swept.found.base.case.table["dossier"].to_list() if hasattr(swept.found, "base") else None
    found = {}
    for point in getattr(swept.found, curve):
        names = names or point.allocation.table["dossier"].to_list()
        found[point.cents] = {
            name for name, yes in zip(names, point.allocation.funded.tolist(), strict=True) if yes
        }
    return found


def near(text: str, lang: Lang, expected: int) -> bool:
    shown, about = cents(text, lang)
    return abs(shown - expected) <= about


def check_curve(facts: Facts, swept: Any, curve: str, lines: list[str], lang: Lang) -> None:
    """Each row against the list at its amount: value, counts, money, who enters and who leaves."""
    header = cells(lines[0])
    lists, before = lists_of(swept, curve), None
    points = [point for point in swept.document["points"] if point[curve]]
    for line, point in zip(lines[1:], points, strict=False):
        row = dict(zip(header, cells(line), strict=True))
        here, entry = lists[point["amount_cents"]], point[curve]
        assert near(cells(line)[0], lang, point["amount_cents"])
        grants = dict(zip(facts.rows, allocation_of(swept, curve, point["amount_cents"]), strict=True))
        assert set(here) == {name for name, cents_ in grants.items() if cents_}
        for name, text in row.items():
            if name in ("Accordé", "Granted"):
                assert near(text, lang, sum(grants.values())), line
            elif name in ("Entrent", "Enter") and before is not None:
                assert number(text, lang) == len(here - before), line
            elif name in ("Sortent", "Leave") and before is not None:
                assert number(text, lang) == len(before - here), line
            elif name in POINT and text != "–":
                assert number(text, lang) == entry[POINT[name]], line
        assert entry["n_funded"] == len(here)
        departments = {facts.rows[name]["department"] for name in here} - {"", None}
        assert entry["n_departments"] == len(departments)
        assert sum(grants.values()) == entry["granted_cents"]
        assert entry["left_cents"] == point["amount_cents"] - sum(
            one["granted_cents"] for one in entry["envelopes"] if one["id"] in swept.document["envelopes"]
        )
        before = here


def allocation_of(swept: Any, curve: str, amount: int) -> list[int]:
    (point,) = [point for point in getattr(swept.found, curve) if point.cents == amount]
    found: list[int] = point.allocation.granted_cents.tolist()
    return found


def gained(
    swept: Any,
    facts: Facts,
    low: Any,
    high: Any,
    n: int,
    extra: Any,
    money: Any,
    rest: str,
    lang: Lang,
    **_: Any,
) -> None:
    """« De A à B : n dossiers de plus. Sur X de plus, le total accordé augmente de Y : … »"""
    first, last = swept.document["points"][0], swept.document["points"][-1]
    one, other = first["free"], last["free"]
    assert abs(low[0] - first["amount_cents"]) <= low[1]
    assert abs(high[0] - last["amount_cents"]) <= high[1]
    assert n == other["n_funded"] - one["n_funded"]
    assert abs(extra[0] - (last["amount_cents"] - first["amount_cents"])) <= extra[1]
    assert abs(money[0] - (other["granted_cents"] - one["granted_cents"])) <= money[1]
    before = {entry["id"]: entry["granted_cents"] for entry in one["envelopes"]}
    after = {entry["id"]: entry["granted_cents"] for entry in other["envelopes"]}
    titles = "|".join(re.escape(entry["title"]) for entry in facts.envelopes.values())
    part = re.compile(rf"(.+?)\s(?:à|to)\s({titles})(?:,\s|\set\s|\sand\s|$)")
    assert part.sub("", rest) == ""
    parts, total = part.findall(rest), 0
    for text, title in parts:
        name = facts.titled(title)
        assert near(text, lang, after[name] - before[name])
        total += after[name] - before[name]
    assert total == other["granted_cents"] - one["granted_cents"] or not parts


def granted_as_much(swept: Any, facts: Facts, rest: str, lang: Lang, **fields: Any) -> None:
    """« Avec X de plus, le total accordé reste le même »: what moves between envelopes is in the rows."""
    gained(swept, facts, money=(0, 0), rest="", lang=lang, **fields)


def unspent_there(swept: Any, high: Any, left: int, before: int = 0, **_: Any) -> None:
    last, first = swept.document["points"][-1], swept.document["points"][0]
    assert left == last["free"]["left_cents"]
    assert before in (0, first["free"]["left_cents"])
    assert abs(high[0] - last["amount_cents"]) <= high[1]


def promised(swept: Any, price: Fraction, **_: Any) -> None:
    prices = [Fraction(point["price_of_nesting"] or 0) for point in swept.document["points"]]
    assert price == max(prices) > 0


def free_commitments(swept: Any, **_: Any) -> None:
    assert not any(Fraction(point["price_of_nesting"] or 0) for point in swept.document["points"])
    for point in swept.document["points"]:
        assert point["nested"]["objective"][0]["value"] == point["free"]["objective"][0]["value"]


def left_in(swept: Any, last: Facts, name: str, money: Any, why: str, lang: Lang, **_: Any) -> None:
    (entry,) = [one for one in swept.document["unspent"] if one["id"] == name]
    assert abs(money[0] - entry["unspent_cents"]) <= money[1]
    (there,) = [one for one in swept.document["points"][-1]["free"]["envelopes"] if one["id"] == name]
    assert entry["unspent_cents"] == there["effective_cents"] - there["granted_cents"]
    assert plain(why) == plain(entry["unspent_because"])
    read_sentence(UNSPENT, why, lang, facts=last, node=name)


MEANING = [
    Pattern(
        "De {low:short} à {high:short} : {n:int} dossier{s} de plus. Sur {extra:short} de plus, "
        "le total accordé augmente de "
        "{money:short} : {rest}.",
        "From {low:short} to {high:short}: {n:int} more application{s}. Of {extra:short} more, "
        "{money:short} are "
        "granted: {rest}.",
        gained,
    ),
    Pattern(
        "De {low:short} à {high:short} : {n:int} dossier{s} de plus. Sur {extra:short} de plus, "
        "le total accordé augmente de "
        "{money:short}{rest}.",
        "From {low:short} to {high:short}: {n:int} more application{s}. Of {extra:short} more, "
        "{money:short} are "
        "granted{rest}.",
        gained,
    ),
    Pattern(
        "De {low:short} à {high:short} : {n:int} dossier{s} de plus. Avec {extra:short} de plus, le total "
        "accordé reste le même{rest}.",
        "From {low:short} to {high:short}: {n:int} more application{s}. With {extra:short} more, as much is "
        "granted{rest}.",
        granted_as_much,
    ),
    Pattern(
        "À {high:short}, {left:money} restent non dépensés ({before:money} à {low:short}).",
        "At {high:short}, {left:money} remain unspent ({before:money} at {low:short}).",
        unspent_there,
    ),
    Pattern(
        "À {high:short}, {left:money} restent non dépensés.",
        "At {high:short}, {left:money} remain unspent.",
        unspent_there,
    ),
    Pattern(
        "Maintenir les engagements ne coûte rien ici : à chaque montant, la meilleure répartition garde tout "
        "ce qui était "
        "annoncé au montant d'avant.",
        "Keeping the commitments costs nothing here: at each amount the best allocation keeps all that was "
        "announced "
        "at the amount before.",
        free_commitments,
    ),
    Pattern(
        "Maintenir les engagements coûte au plus {price:dec} ({goal}), à {at:short}.",
        "Keeping the commitments costs {price:dec} ({goal}) at most, at {at:short}.",
        promised,
    ),
    Pattern("{name} : {money:short}. {why}", "{name}: {money:short}. {why}", left_in),
]


def check_sweep(facts: Facts, last: Facts, document: Any, swept: Any, lang: Lang) -> set[str]:
    """The page of a sweep, its sentences in the language of the document."""
    read = set()
    for title, lines in sections(render_report(build_report(document), lang, WIDE)):
        if title in CURVE_TITLES:
            check_curve(facts, swept, CURVE_TITLES[title], lines, lang)
            read.add(CURVE_TITLES[title])
        elif title in ("Ce que cela veut dire", "What this means"):
            notes = (
                "Population",
                "Applicants",
                "Habitants",
                "Inhabitants",
                "!",
                "Dossier du",
                "Sweep folder",
            )
            for line in lines:
                if not line.strip().startswith(notes):
                    read_sentence(MEANING, line.strip(), lang, swept=swept, facts=facts, last=last)
            read.add("meaning")
    return read


def check_entries(facts: Facts, found: QuestionAnswer, lang: Lang) -> None:
    """Each dossier is out today; where it is known to enter, in the order of the amounts; the "
    "counts of flags."""
    document, page = found.document, sections(render_report(found.build_report(), lang, WIDE))
    lines = [line for _, part in page for line in part]
    flags = Counter(entry["flag"] for entry in document["entries"] if entry["eligible"])
    assert flags == {name: n for name, n in document["flags"].items() if name != "not_eligible"}
    by_name = {entry["dossier"]: entry for entry in document["entries"]}
    for entry in document["entries"]:
        assert entry["funded"] is bool(facts.rows[entry["dossier"]]["funded"])
        low, high = entry["no_loss_cents"], entry["no_loss_upto_cents"]
        assert not (entry["no_loss_never"] and (low is not None or high is not None)), entry
        assert low is None or high is None or low <= high
        first, stable = entry["first_cents"], entry["stable_from_cents"]
        assert first is None or document["from_cents"] <= first <= document["to_cents"]
        assert first is None or stable is None or first <= stable
        assert entry["flag"] != "never" or (first is None and stable is None)
    seen = 0
    for line in lines:
        row = cells(line)
        if row[0] in by_name:
            entry, seen = by_name[row[0]], seen + 1
            assert not entry["funded"]
            assert int(number(row[4].removeprefix("≥ "), lang)) == entry["flips"]
            if entry["first_cents"] is not None:
                assert cents(row[2], lang)[0] == entry["first_cents"]
            if entry["stable_from_cents"] is not None:
                assert cents(row[3], lang)[0] == entry["stable_from_cents"]
    waiting = sum(not entry["funded"] for entry in document["entries"])
    assert seen == min(waiting, 25)


def check_next(facts: Facts, found: QuestionAnswer, lang: Lang) -> None:
    """Who enters is out today, who leaves is in; « rien de plus » has no amount and no gain beside it."""
    by_name = {entry["id"]: entry for entry in found.document["next"]}
    page = sections(render_report(found.build_report(), lang, WIDE))
    lines = [line for _, part in page for line in part]
    seen = 0
    for line in lines:
        name, *row = cells(line)
        if name not in by_name or len(row) < 4:
            continue
        entry, seen = by_name[name], seen + 1
        step, gain = row[0], row[1]
        assert (step == "–") == (entry["step"] is None) or entry["status"] == "stopped"
        assert (gain == "–") == (entry["gain"] is None)
        if entry["status"] == "never":
            assert (step, gain) == ("–", "–")
        if entry["kind"] == "envelope" and entry["step_cents"] is not None:
            assert cents(step.removeprefix("≥ "), lang)[0] == entry["step_cents"] > 0
        for other in entry["enter"] or ():
            assert not facts.rows[other]["funded"]
        for other in entry["leave"] or ():
            assert facts.rows[other]["funded"]
        if entry["n_funded"] is not None:
            today = sum(bool(one["funded"]) for one in facts.rows.values())
            assert entry["n_funded"] == today + len(entry["enter"]) - len(entry["leave"])
    assert seen == len(by_name)


def amounts_agree(facts: Facts, document: Any, entries: Any, following: Any) -> None:
    """One amount, one dossier, three questions: explanation, entries and the next euro on the programme."""
    root = next(iter(facts.envelopes))
    by_name = {entry["dossier"]: entry for entry in entries["entries"]}
    for page in document["dossiers"]:
        for change in page["changes"]:
            if change["kind"] != "envelope" or change["of"] != root:
                continue
            entry = by_name[page["dossier"]]
            if change["status"] == "impossible" and change["why"] == "envelope_never":
                assert entry["no_loss_upto_cents"] is None, page["dossier"]
            elif change["status"] == "exact":
                least = 0 if change.get("tie") else change["by_cents"]
                assert (entry["no_loss_cents"] or 0) <= least, page["dossier"]
                assert not entry["no_loss_never"], page["dossier"]
    for one in following["next"]:
        if one["id"] == root and one["status"] == "never":
            values = {point["value"] for point in entries.get("steps", ())}
            assert len(values) <= 1
