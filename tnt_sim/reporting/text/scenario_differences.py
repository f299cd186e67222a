"""Write the differences between scenarios: objectives, conditions and rules as sentences, other keys as is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.analysis.compare.causes import ENTRIES
from tnt_sim.analysis.compare.comparison import ComparedRuns
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import localise_amounts
from tnt_sim.reporting.text.change_words import describe_setting, get_kind, get_place
from tnt_sim.reporting.text.scenario_entries import describe_eligibility, describe_remark
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.kinds.registry import describe_rule
from tnt_sim.scenario.objective_text import describe_stage
from tnt_sim.scenario.spec import ScenarioSpec

GOALS = "objective"
NONE = "–"
PRESENT = _("present")
_LONGEST_VALUE = 40
type DifferingValue = tuple[str, Sequence[str | None]]
"""A path of scenarios, and the text of its value on each side: None where it is not written."""


def build_difference_rows(comparison: ComparedRuns, lang: Lang) -> list[list[str]]:
    """Return one row per difference between decisions: its path, then the text of each side."""
    return _build_rows(_list_values(comparison), [side.scenario.spec for side in comparison.sides], lang)


def _list_values(comparison: ComparedRuns) -> list[DifferingValue]:
    rows = comparison.keys.iter_rows(named=True)
    return [(row["path"], [row[side.name] for side in comparison.sides]) for row in rows]


def _build_rows(
    values: Sequence[DifferingValue], specs: Sequence[ScenarioSpec], lang: Lang
) -> list[list[str]]:
    rows: dict[str, list[str]] = {}
    for key, texts in values:
        path = _find_entry(key, texts)
        if path in ENTRIES:
            continue
        words = [] if path is None else [_describe_entry(spec, path, lang) for spec in specs]
        if path is None or len(set(words)) == 1:  # what differs is not in the sentence
            rows[key] = [_format_value(text, lang) for text in texts]
        else:
            rows[path] = words
    return [[path, *texts] for path, texts in rows.items()]


def list_differences(comparison: ComparedRuns, lang: Lang) -> list[list[str]]:
    """Return one row per difference in words: its kind, what differs, then the text of each side.

    The settings of an entry that some sides have and others have not are one row.
    """
    return describe_values(_list_values(comparison), [side.scenario.spec for side in comparison.sides], lang)


def describe_values(
    values: Sequence[DifferingValue], specs: Sequence[ScenarioSpec], lang: Lang
) -> list[list[str]]:
    """Return the rows of `list_differences` for values of any scenarios."""
    rows = [row for row in _build_rows(values, specs, lang) if not row[0].endswith(".sha256")]
    by_entry: dict[str, list[list[str]]] = {}
    for row in rows:
        by_entry.setdefault(".".join(row[0].split(".")[:2]), []).append(row)
    result = []
    for entry, own in sorted(by_entry.items(), key=lambda item: get_place(item[0])):
        sides = list(zip(*(row[1:] for row in own), strict=True))
        whole = [set(texts) == {NONE} or NONE not in texts for texts in sides]
        lacking = [set(texts) == {NONE} for texts in sides]
        if len(own) > 1 and all(whole) and any(lacking) and len(set(sides)) == 2:
            own = [[entry, *(NONE if lacks else PRESENT.in_(lang) for lacks in lacking)]]
        result += [
            [get_kind(path).in_(lang), describe_setting(path, specs, lang), *texts] for path, *texts in own
        ]
    return result


def describe_changes(
    values: Sequence[DifferingValue], specs: Sequence[ScenarioSpec], lang: Lang
) -> list[str]:
    """Return a phrase per difference of two scenarios: « Programme : montant, 1,2 M€ → 1 M€ »."""
    return [
        _join_change(setting, before, after)
        for _kind, setting, before, after in describe_values(values, specs, lang)
    ]


def _join_change(setting: str, before: str, after: str) -> str:
    """Write two values with an arrow; of two sentences, the second alone."""
    if max(len(before), len(after)) <= _LONGEST_VALUE and not after.endswith("."):
        return f"{setting}, {before} → {after}"
    return f"{setting} ({_lower_first(after.removesuffix('.'))})"


def _lower_first(text: str) -> str:
    """Return a sentence without its capital; an abbreviation keeps its own."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _format_value(text: str | None, lang: Lang) -> str:
    """Write a value as people do: a list or a mapping without its brackets and quotes."""
    if text is None:
        return NONE
    return _flatten(json.loads(text) if text.startswith(("[", "{")) else text, lang) or NONE


def _flatten(value: object, lang: Lang) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_flatten(entry, lang)}" for key, entry in value.items())
    if isinstance(value, list):
        parts = [_flatten(entry, lang) for entry in value]
        return ("; " if any(isinstance(entry, Mapping | list) for entry in value) else ", ").join(parts)
    return localise_amounts(value if isinstance(value, str) else json.dumps(value), lang)


def _find_entry(path: str, texts: Sequence[str | None]) -> str | None:
    """Return the objective, condition or rule that a key belongs to; None if the key is shown as written."""
    section, _dot, rest = path.partition(".")
    if section == GOALS:
        return GOALS
    if path in ENTRIES:
        return path
    plain = all(text is None or not str(text).startswith(("[", "{")) for text in texts)
    if section not in ENTRIES or (plain and all(text is not None for text in texts)):
        return None
    return f"{section}.{rest.partition('.')[0]}"


def _describe_entry(spec: ScenarioSpec, path: str, lang: Lang) -> str:
    if path == GOALS:
        return " ".join(describe_stage(stage, lang) for stage in spec.objective) or NONE
    section, _dot, name = path.partition(".")
    words: Mapping[str, Any] = {"eligibility": describe_eligibility, "rules": describe_rule}
    entry = next((one for one in getattr(spec, section) if one.id == name), None)
    if entry is None:
        return _("Not in this scenario.").in_(lang)
    if entry.off:
        return _("Switched off.").in_(lang)
    sentence, remark = str(words[section](entry, lang)), describe_remark(entry, spec.date, lang)
    return f"{sentence} {capitalise(remark)}." if remark else sentence
