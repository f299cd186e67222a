"""A fit told as the part of a scenario that it is for: YAML whose comments say what it stands on."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from tnt_sim.errors import Lang, Text, so_many
from tnt_sim.formats.synonyms import normalised
from tnt_sim.study.ensemble.fit import LEAST_PAIRS, ROWS, Fit, Law

MANY_SAME = 0.2
"""From this share of equal amounts on, a continuous law misses something that is told."""
REFUTED = 0.05


def fit_yaml(fit: Fit, lang: Lang) -> str:
    """The `uncertain` part of a scenario, each law under what it was measured on."""
    lines = [f"# {line.in_(lang)}" for line in _head(fit)]
    lines.append("uncertain:")
    for name, law in fit.laws.items():
        lines += _entry(_id(name), law, name, {fit.by: name}, lang)
    rest: dict[Any, Any] = {fit.by: {"not": list(fit.laws)}} if fit.laws else {}
    lines += _entry("surcouts-autres" if fit.laws else "surcouts", fit.whole, _rest_of(fit), rest, lang)
    return "\n".join(lines) + "\n"


def fit_document(fit: Fit) -> dict[str, Any]:
    """The document of `ensemble --fit --json`."""
    told = dataclasses.asdict(fit)
    return {"schema_version": 1, "command": "ensemble", "status": "done", "fit": told,
            "yaml": fit_yaml(fit, Lang.FR)}  # fmt: skip


def _head(fit: Fit) -> list[Text]:
    n, by = fit.whole.n, fit.by
    lines = [
        Text(
            f"Surcoûts mesurés : « {fit.realised} » sur « {fit.planned} », {n} paires de {fit.file} "
            f"(sha256 {fit.sha256[:12]}…)" + (f", par « {by} »." if by else "."),
            f'Over-runs measured: "{fit.realised}" over "{fit.planned}", {n} pairs of {fit.file} '
            f"(sha256 {fit.sha256[:12]}…)" + (f', by "{by}".' if by else "."),
        ),
        Text(
            "Pour un coût connu seulement après la décision : `event: final_cost` au lieu de `column: cost`.",
            "For a cost that is known only after the decision: `event: final_cost` instead of `column: cost`.",
        ),
    ]
    if fit.n_open:
        left = so_many(fit.n_open, *ROWS)
        lines.append(
            Text(
                f"Sans coût prévu ou réalisé, laissées : {left.fr} (projets en cours ?).",
                f"Without a planned or realised cost, left out: {left.en} (projects under way?).",
            )
        )
    if fit.n_nothing:
        left = so_many(fit.n_nothing, *ROWS)
        lines.append(
            Text(
                f"À 0 €, laissées : {left.fr} (abandons ? voir `event: lapsed`).",
                f"At 0 €, left out: {left.en} (given up? see `event: lapsed`).",
            )
        )
    return lines


def _rest_of(fit: Fit) -> str:
    """Whom the law of all pairs stands for."""
    if not fit.by:
        return ""
    return ", ".join(f"{name} ({n})" for name, n in fit.small.items())


def _entry(key: str, law: Law, name: str, where: dict[Any, Any], lang: Lang) -> list[str]:
    pooled = any(isinstance(value, dict) for value in where.values())
    lines = [f"  # {text.in_(lang)}" for text in _said(law, name, pooled=pooled)]
    if law.sigma < 5e-5:
        return [*lines, "  # " + Text("Aucune dispersion : pas de loi.", "No dispersion: no law.").in_(lang)]
    at = f"where: {_flow(where)}, " if where else ""
    law_text = f"times: {{lognormal: {{median: {law.median:.4f}, sigma: {law.sigma:.4f}}}}}"
    return [*lines, f"  - {{id: {key}, column: cost, {at}{law_text}}}"]


def _said(law: Law, name: str, *, pooled: bool) -> list[Text]:
    lines = []
    if pooled:
        few = Text(
            f"Tous ensemble, pour les types de moins de {LEAST_PAIRS} paires" + (f" : {name}" if name else "")
            + " et ceux que la table n'a pas.",
            f"All together, for types of fewer than {LEAST_PAIRS} pairs" + (f": {name}" if name else "")
            + " and those that the table does not have.",
        )  # fmt: skip
        lines.append(few)
    measured, fitted = (_three(values) for values in (law.measured, law.fitted))
    who = Text("", "") if pooled or not name else Text(f"{_one_line(name)} : ", f"{_one_line(name)}: ")
    lines.append(
        Text(
            f"{who.fr}{law.n} paires ; 5 %, 50 %, 95 % mesurés {measured}, de la loi {fitted} ; médiane à 95 % "
            f"entre {law.median_range[0]:.3f} et {law.median_range[1]:.3f}.",
            f"{who.en}{law.n} pairs; 5 %, 50 %, 95 % measured {measured}, of the law {fitted}; 95 % of the median "
            f"between {law.median_range[0]:.3f} and {law.median_range[1]:.3f}.",
        )
    )
    return [*lines, *_doubts(law)]


def _doubts(law: Law) -> list[Text]:
    """What speaks against the law."""
    lines = []
    if law.p_value is not None:
        p = "< 0.001" if law.p_value < 0.001 else f"= {law.p_value:.3f}"
        fits = law.p_value >= REFUTED
        fr = "rien ne contredit la loi" if fits else "LA LOI S'ÉCARTE DES DONNÉES : comparez les quantiles"
        en = (
            "nothing speaks against the law"
            if fits
            else "THE LAW DEPARTS FROM THE DATA: compare the quantiles"
        )
        lines.append(
            Text(
                f"Écart le plus grand des répartitions {law.gap:.3f} ; Anderson-Darling p {p} : {fr}.",
                f"Largest gap of the distributions {law.gap:.3f}; Anderson-Darling p {p}: {en}.",
            )
        )
    if law.n_same >= MANY_SAME * law.n:
        share = f"{100 * law.n_same / law.n:.0f} %"
        lines.append(
            Text(
                f"{share} des paires ont deux fois le même montant : une loi continue ne le dit pas.",
                f"{share} of the pairs have the same amount twice: a continuous law does not say so.",
            )
        )
    if law.n_far:
        far = so_many(law.n_far, ("rapport", "rapports"), ("ratio", "ratios"))
        lines.append(
            Text(
                f"{far.fr} au-delà de 10 ou sous 1/10 : une autre unité, un autre projet ?",
                f"{far.en} beyond 10 or below 1/10: another unit, another project?",
            )
        )
    return lines


def _three(values: tuple[float, ...]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


def _id(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", normalised(name)).strip("-")
    return f"surcouts-{words or 'x'}"


def _one_line(name: str) -> str:
    return " ".join(name.split())


def _flow(value: Any) -> str:
    """A value as flow YAML; texts are quoted as JSON unless they are plain words."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z][A-Za-z_-]*", text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n", "oui", "non"}
