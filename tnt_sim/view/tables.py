"""A run told in the terminal: what was found, how sure it is, where the money goes and why some is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.verify.verification import Verification, of_fresh
from tnt_sim.view.envelope_table import envelope_table, unspent_lines
from tnt_sim.view.figures import amount, count, plural
from tnt_sim.view.grid import grid, paragraph
from tnt_sim.view.labels import Labels
from tnt_sim.view.one_more_lines import one_more_lines
from tnt_sim.view.rule_table import figure, goal_lines, rule_lines
from tnt_sim.view.words import REASON, SENSE, verdict

Document = Mapping[str, Any]
_GOOD, _FAIR, _BAD = "bold green", "bold yellow", "bold red"
MOST_PRICES = 20
SYNTHETIC = Text(
    "Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.",
    "SYNTHETIC data: these dossiers describe no real request.",
)


def run_lines(
    document: Document, labels: Labels, *, lang: Lang, width: int, run_dir: str | None = None
) -> list[Line]:
    """The whole page of a run, line by line."""
    lines = heading(document, labels, lang, width)
    if document["status"] in ("infeasible", "stopped"):
        lines += _nothing(document, lang, width)
    else:
        lines += [Line(""), *(Line(text) for text in money_texts(document, lang))]
        lines += _section(
            _t("Enveloppes", "Envelopes", lang), envelope_table(document["envelopes"], lang, width)
        )
        left = unspent_lines(document["envelopes"], lang, width)
        lines += _section(_t("Non dépensé, et pourquoi", "Not spent, and why", lang), left)
        rules = rule_lines(document["rules"], labels, lang, width) if document["rules"] else []
        lines += _section(_t("Règles", "Rules", lang), rules)
        lines += _section(_t("Objectif", "Objective", lang), goal_lines(document["objective"], labels, lang))
        lines += _section(_t("Dossiers", "Dossiers", lang), reason_lines(labels.reasons, lang))
    lines += one_more_lines(document.get("one_more"), lang, width)
    lines += warning_lines(document.get("warnings") or [], lang, width)
    if run_dir is not None:
        lines += [Line(""), *_where(run_dir, lang)]
    return lines


def heading(document: Document, labels: Labels, lang: Lang, width: int) -> list[Line]:
    """The title, « synthétique » when the data are, and the verdict."""
    lines = paragraph(labels.title or str(document["scenario"]), width, style="bold")
    day = _t(f"décision au {labels.day}", f"as of {labels.day}", lang) if labels.day else ""
    about = " · ".join(part for part in (str(document["scenario"]), day) if part)
    lines.append(Line(about, style="dim"))
    if labels.synthetic:
        lines += paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    mark, style = mark_of(document)
    lines += [
        Line(""),
        *paragraph(verdict(document, labels.second).in_(lang), width, first=f"{mark} ", style=style),
    ]
    return lines


def mark_of(document: Document, found: Verification | None = None) -> tuple[str, str]:
    """The sign of a verdict and its style in the terminal; `found` is what the check of a stored run showed."""
    if document["status"] in ("infeasible", "stopped"):
        return "✘", _BAD
    if (found or of_fresh(document)).optimal.is_shown:
        return "✔", _GOOD
    return ("≈" if document.get("relaxed") and document.get("proof") else "!"), _FAIR


def money_texts(document: Document, lang: Lang) -> list[str]:
    """What is granted and left, how many dossiers are funded, and whom they reach: two sentences or three."""
    total, granted, left = (document[f"{name}_cents"] for name in ("amount", "granted", "unspent"))
    if total is None:
        told = amount(granted, lang)
        money = _t(f"{told} accordés, sans montant fixé", f"{told} granted, with no amount set", lang)
    elif lang is Lang.FR:
        money = (
            f"{amount(granted, lang)} accordés sur {amount(total, lang)} ; {amount(left, lang)} non dépensés"
        )
    else:
        money = f"{amount(granted, lang)} granted of {amount(total, lang)}; {amount(left, lang)} not spent"
    funded = document["n_funded"]
    filed = plural(
        document["n_dossiers"],
        ("dossier déposé", "dossiers déposés"),
        ("dossier filed", "dossiers filed"),
        lang,
    )
    open_ = plural(document["n_eligible"], ("éligible", "éligibles"), ("eligible", "eligible"), lang)
    kept = plural(funded, ("financé", "financés"), ("funded", "funded"), lang) if funded is not None else "–"
    return [money, f"{filed}, {open_}, {kept}", *people_texts(document, lang)]


def people_texts(document: Document, lang: Lang) -> list[str]:
    """How many people live in the communes that the funded dossiers reach, where the scenario names a map."""
    if document.get("inhabitants") is None:
        return []
    people = plural(document["inhabitants"], ("habitant", "habitants"), ("inhabitant", "inhabitants"), lang)
    lost = plural(
        document["n_unlocated"],
        ("dossier financé ne désigne", "dossiers financés ne désignent"),
        ("funded dossier names", "funded dossiers name"),
        lang,
    )
    told = _t(
        f"{people} dans les communes atteintes, chacun compté une fois",
        f"{people} in the communes reached, each counted once",
        lang,
    )
    beyond = _t(
        f" ; {lost} pas de commune que la carte connaisse",
        f"; {lost} no place that the map knows in full",
        lang,
    )
    return [told + (beyond if document["n_unlocated"] else "")]


def reason_lines(reasons: Mapping[bool, Mapping[str, int]], lang: Lang) -> list[Line]:
    """How many dossiers have each reason: the funded ones first, then the others."""
    lines: list[Line] = []
    for funded, title in ((True, Text("Financés", "Funded")), (False, Text("Non financés", "Not funded"))):
        mine = reasons.get(funded, {})
        order = [*(code for code in REASON if code in mine), *(code for code in mine if code not in REASON)]
        rows = [(f"  {_reason(code, funded, lang)}", count(mine[code], lang)) for code in order]
        if rows:
            lines += grid([(title.in_(lang), count(sum(mine.values()), lang)), *rows], right=(1,))
    return lines


def _reason(code: str, funded: bool, lang: Lang) -> str:
    if code == "decided" and not funded:
        return Text("refusés par décision", "refused by decision").in_(lang)
    return REASON[code].in_(lang) if code in REASON else code or "–"


def _nothing(document: Document, lang: Lang, width: int) -> list[Line]:
    """What to do when there is no allocation."""
    amount_text = amount(document.get("amount_cents"), lang)
    filed, open_ = count(document.get("n_dossiers"), lang), count(document.get("n_eligible"), lang)
    lines = [Line("")]
    if lang is Lang.FR:
        lines += paragraph(f"Enveloppe {amount_text}, {filed} dossiers déposés, {open_} éligibles.", width)
    else:
        lines += paragraph(f"Envelope {amount_text}, {filed} dossiers filed, {open_} eligible.", width)
    lines += paragraph(remedy(document).in_(lang), width)
    return lines


def remedy(document: Document) -> Text:
    """What to do when there is no allocation."""
    if document["status"] == "stopped":
        return Text("Donnez plus de temps : --time-limit 600.", "Give it more time: --time-limit 600.")
    return Text(
        "Relisez les règles avec « tnt-sim show SCENARIO --model » ; mettez-en une à « off: true » "
        "pour voir si elle est en cause : --set rules.ID.off=true.",
        'Read the rules again with "tnt-sim show SCENARIO --model"; switch one off to see whether it is '
        "the cause: --set rules.ID.off=true.",
    )


def warning_lines(warnings: Sequence[str], lang: Lang, width: int) -> list[Line]:
    """The warnings, one paragraph each."""
    lines: list[Line] = []
    for text in warnings:
        lines += paragraph(text, width, first="  ! ", style="yellow")
    return _section(_t("Avertissements", "Warnings", lang), lines)


def relaxed_lines(document: Document, labels: Labels, *, lang: Lang, width: int) -> list[Line]:
    """The page of a relaxed run: the values that no decision can beat, and the prices."""
    lines = heading(document, labels, lang, width)
    if document["status"] == "infeasible":
        lines += _nothing(document, lang, width)
    goals = [
        (f"{k}. {SENSE[goal['sense']].in_(lang)} {goal['goal']}", figure(goal["value"], unit, lang))
        for k, (goal, unit) in enumerate(zip(document["objective"], labels.goal_units, strict=False), start=1)
    ]
    bound = _t(
        "Objectif : aucune décision ne fait mieux que", "Objective: no decision does better than", lang
    )
    lines += _section(bound, grid(goals, right=(1,)))
    lines += _section(
        _t("Prix : ce que vaut une unité de plus", "Prices: what one more unit is worth", lang),
        price_lines(document.get("prices") or [], lang),
    )
    return lines + warning_lines(document.get("warnings") or [], lang, width)


def price_lines(rows: Sequence[Mapping[str, Any]], lang: Lang) -> list[Line]:
    """The prices of a relaxed run that are not zero, the largest of each stage first."""
    priced = [row for row in rows if float(row["price"]) != 0]
    ranked = sorted(priced, key=lambda row: (row["stage"], -abs(float(row["price"]))))
    cells = []
    for row in ranked[:MOST_PRICES]:
        price = f"{float(row['price']):.6g}".replace(".", "," if lang is Lang.FR else ".")
        per = row.get("per") or ""
        cells.append(
            (f"{row['stage']}. {row['goal']}", _row_name(row, lang), price, f"/ {_PER.get(per, per)}")
        )
    head = (
        ("Objectif", "Enveloppe ou règle", "Prix", "")
        if lang is Lang.FR
        else ("Goal", "Envelope or rule", "Price", "")
    )
    lines = grid(cells, header=head, right=(2,))
    if len(ranked) > MOST_PRICES:
        more = count(len(ranked) - MOST_PRICES, lang)
        lines.append(
            Line(_t(f"  … {more} autres prix : --json", f"  … {more} more prices: --json", lang), style="dim")
        )
    rest = count(len(rows) - len(priced), lang)
    if rest != "0":
        lines.append(Line(_t(f"  … {rest} prix nuls", f"  … {rest} prices of zero", lang), style="dim"))
    return lines


_PER = {"granted": "€", "cost": "€", "base": "€", "requested": "€", "leverage": "€"}


def _row_name(row: Mapping[str, Any], lang: Lang) -> str:
    kinds = {
        "envelope": Text("enveloppe", "envelope"),
        "rule": Text("règle", "rule"),
        "link": Text("reste libre de", "free money of"),
    }
    kind = kinds[row["kind"]].in_(lang) if row["kind"] in kinds else str(row["kind"])
    group = f" · {row['group']}" if row.get("group") else ""
    return f"{kind} {row['id']}{group}"


def _where(run_dir: str, lang: Lang) -> list[Line]:
    return [Line(_t("Dossier du calcul : ", "Run folder: ", lang) + run_dir)]


def _section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []


def _t(fr: str, en: str, lang: Lang) -> str:
    return fr if lang is Lang.FR else en
