"""The laws of cost overruns that a fit found, as the section `uncertain` of a scenario."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from tnt_sim.analysis.uncertainty.cost_overrun_fit import LEAST_PAIRS, Fit, Law
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n
from tnt_sim.i18n.parameters import Count, Items, Rate, Rounded
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.reporting.report_tree import (
    Listing,
    Report,
)

MANY_SAME = 0.2
"""Share of equal amounts from which a warning is given: a continuous distribution misses them."""
REFUTED = 0.05


def render_fit_yaml(fit: Fit, lang: Lang) -> str:
    """Return the `uncertain` section of a scenario, each distribution with a comment on its data."""
    lines = [f"# {line.in_(lang)}" for line in _describe_fit(fit)]
    lines.append("uncertain:")
    for name, law in fit.laws.items():
        lines += _build_entry(_build_id(name), law, name, {fit.by: name}, lang)
    rest: dict[Any, Any] = {fit.by: {"not": list(fit.laws)}} if fit.laws else {}
    lines += _build_entry(
        "surcouts-autres" if fit.laws else "surcouts", fit.whole, _format_pooled_types(fit), rest, lang
    )
    return "\n".join(lines) + "\n"


def build_fit_report(yaml: str) -> Report:
    """Return the report of a fit: what is to be written in the scenario."""
    title = _("Uncertain costs")
    return Report(title=title, nodes=[Listing([(line, "") for line in yaml.splitlines()], title)], bare=True)


def _describe_fit(fit: Fit) -> list[Text]:
    lines = [
        _(
            'Over-runs measured: "{realised}" over "{planned}", {n} pairs of {file} (sha256 {sha256}…){by}.',
            realised=fit.realised,
            planned=fit.planned,
            n=Count(fit.whole.n),
            file=fit.file,
            sha256=fit.sha256[:12],
            by=_(', by "{column}"', column=fit.by) if fit.by else NO_TEXT,
        ),
        _("For a cost that is known only after the decision: `event: final_cost` instead of `column: cost`."),
    ]
    if fit.n_open:
        left = _n("{n} row", "{n} rows", n=fit.n_open)
        lines.append(
            _("Without a planned or realised cost, left out: {left} (projects under way?).", left=left)
        )
    if fit.n_nothing:
        left = _n("{n} row", "{n} rows", n=fit.n_nothing)
        lines.append(_("At 0 €, left out: {left} (given up? see `event: lapsed`).", left=left))
    return lines


def _format_pooled_types(fit: Fit) -> str:
    """Name the types that use the distribution of all pairs."""
    if not fit.by:
        return ""
    return ", ".join(f"{name} ({n})" for name, n in fit.small.items())


def _build_entry(key: str, law: Law, name: str, where: dict[Any, Any], lang: Lang) -> list[str]:
    pooled = any(isinstance(value, dict) for value in where.values())
    lines = [f"  # {text.in_(lang)}" for text in _describe_law(law, name, pooled=pooled)]
    if law.sigma < 5e-5:
        return [*lines, "  # " + _("No dispersion: no law.").in_(lang)]
    at = f"where: {_format_flow_yaml(where)}, " if where else ""
    law_text = f"times: {{lognormal: {{median: {law.median:.4f}, sigma: {law.sigma:.4f}}}}}"
    return [*lines, f"  - {{id: {key}, column: cost, {at}{law_text}}}"]


def _describe_law(law: Law, name: str, *, pooled: bool) -> list[Text]:
    lines = []
    if pooled:
        few = Count(LEAST_PAIRS)
        lines.append(
            _(
                "All together, for types of fewer than {few} pairs: {names} and those that the table "
                "does not have.",
                few=few,
                names=name,
            )
            if name
            else _(
                "All together, for types of fewer than {few} pairs and those that the table does not have.",
                few=few,
            )
        )
    measured, fitted = (_format_quantiles(values) for values in (law.measured, law.fitted))
    if name and not pooled:
        lines.append(
            _n("{type_name}: {n} pair.", "{type_name}: {n} pairs.", n=law.n, type_name=_flatten_text(name))
        )
    else:
        lines.append(_n("{n} pair.", "{n} pairs.", n=law.n))
    lines.append(
        _(
            "5%, 50%, 95%: {measured} measured, {fitted} of the law; 95% of the median between "
            "{low} and {high}.",
            measured=measured,
            fitted=fitted,
            low=Rounded(law.median_range[0], 3),
            high=Rounded(law.median_range[1], 3),
        )
    )
    return [*lines, *_describe_fit_limits(law)]


def _describe_fit_limits(law: Law) -> list[Text]:
    """Write what speaks against the distribution."""
    lines = []
    if law.p_value is not None:
        sign = "<" if law.p_value < 0.001 else "="
        p = Items((sign, Rounded(max(law.p_value, 0.001), 3)), "")
        verdict = _("THE LAW DEPARTS FROM THE DATA: compare the quantiles")
        if law.p_value >= REFUTED:
            verdict = _("nothing speaks against the law")
        lines.append(
            _(
                "Largest gap of the distributions {gap}; Anderson-Darling p {p}: {verdict}.",
                gap=Rounded(law.gap, 3),
                p=p,
                verdict=verdict,
            )
        )
    if law.n_same >= MANY_SAME * law.n:
        share = Rate(Fraction(law.n_same, law.n), decimals=0)
        lines.append(
            _(
                "{share} of the pairs have the same amount twice: a continuous law does not say so.",
                share=share,
            )
        )
    if law.n_far:
        far = _n("{n} ratio", "{n} ratios", n=law.n_far)
        lines.append(_("{far} beyond 10 or below 1/10: another unit, another project?", far=far))
    return lines


def _format_quantiles(values: tuple[float, ...]) -> Items:
    return Items([Rounded(value, 3) for value in values], " /")


def _build_id(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", normalise_header(name)).strip("-")
    return f"surcouts-{words or 'x'}"


def _flatten_text(name: str) -> str:
    return " ".join(name.split())


def _format_flow_yaml(value: Any) -> str:
    """Write a value as flow YAML; texts are quoted as JSON unless they are plain words."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{_format_flow_yaml(key)}: {_format_flow_yaml(part)}" for key, part in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_format_flow_yaml(part) for part in value) + "]"
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z][A-Za-z_-]*", text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n", "oui", "non"}
