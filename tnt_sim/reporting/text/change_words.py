"""Words of a setting that differs between scenarios: what kind of thing it is, and its name without keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.scenario.spec import ScenarioSpec

KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "programme": _("Envelope"),
        "envelopes": _("Envelope"),
        "rules": _("Rule"),
        "eligibility": _("Condition"),
        "objective": _("Objective"),
        "grants": _("Amount granted"),
        "caps": _("Amount granted"),
        "waivers": _("Waiver"),
        "measures": _("Measure"),
        "dossiers": _("Data"),
        "territory": _("Data"),
        "committed_from": _("Data"),
        "steps": _("Step"),
        "uncertain": _("Uncertainty"),
    }
)
_OTHER = _("Setting")
_ASPECTS: Mapping[str, Text] = MappingProxyType(
    {
        "amount": _("amount"),
        "min": _("minimum"),
        "max": _("maximum"),
        "max_rate": _("highest rate"),
        "min_use": _("least share to grant"),
        "ring_fenced": _("closed to transfers"),
        "transfers": _("transfers"),
        "reserve": _("reserve"),
        "overbooked": _("parts that exceed the whole"),
        "off": _("switched off"),
        "where": _("applications concerned"),
        "file": _("file"),
        "control": _("control totals"),
        "formula": _("formula"),
        "measure": _("measure"),
        "by": _("groups"),
        "valid": _("period of validity"),
        "report": _("for information only"),
        "column": _("column"),
        "year": _("year of the map"),
    }
)
DOSSIERS, TOGETHER = "dossiers", "together"
_CAUSES = {TOGETHER: _("several changes together"), DOSSIERS: _("the data of the applications")}


def get_kind(path: str) -> Text:
    """Return the kind of thing that a path of a scenario belongs to, as a rule or an envelope."""
    return KINDS.get(path.partition(".")[0], _OTHER)


def get_place(path: str) -> int:
    """Return the place of a path in a list by kinds."""
    section = path.partition(".")[0]
    return list(KINDS).index(section) if section in KINDS else len(KINDS)


def describe_setting(path: str, specs: Sequence[ScenarioSpec], lang: Lang) -> str:
    """Write a path of a scenario in words: « programme.amount » is « Programme : montant »."""
    section, _dot, rest = path.partition(".")
    if section == "objective":
        return KINDS[section].in_(lang)
    if section == "programme":
        title, aspect = _("Programme").in_(lang), rest
    else:
        name, _dot, aspect = rest.partition(".")
        title = _find_title(section, name, specs) or name or get_kind(path).in_(lang)
    word = next((_ASPECTS[step] for step in aspect.split(".") if step in _ASPECTS), None)
    if not aspect:
        return title
    text = aspect.rpartition(".")[2].replace("_", " ") if word is None else word.in_(lang)
    return _("{title}: {aspect}", title=title, aspect=text).in_(lang)


def describe_cause(cause: str | None, specs: Sequence[ScenarioSpec], lang: Lang) -> str:
    """Write the change, or the few, that make a move; their paths if no scenarios are given."""
    if cause is None:
        return ""
    listed = cause.removeprefix(f"{TOGETHER}: ")
    paths = listed.split(" + ")
    changes = " + ".join(
        _CAUSES[path].in_(lang) if path in _CAUSES else describe_setting(path, specs, lang) if specs else path
        for path in paths
    )
    if listed != cause and len(paths) == 1:
        return _("{change}, with other changes", change=changes).in_(lang)
    if listed != cause:
        return _("together: {changes}", changes=changes).in_(lang)
    return changes if len(paths) == 1 else _("each alone: {changes}", changes=changes).in_(lang)


def _find_title(section: str, name: str, specs: Sequence[ScenarioSpec]) -> str:
    """Return the title of an entry in the first scenario that has it; "" without one."""
    for spec in specs:
        for entry in _list_entries(spec, section):
            title = getattr(entry, "title", "")
            if title and getattr(entry, "id", None) == name:
                return str(title)
    return ""


def _list_entries(spec: ScenarioSpec, section: str) -> Sequence[object]:
    if section == "envelopes":
        return [entry for entry, _path in spec.programme.walk()]
    listed = getattr(spec, section, ())
    return listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()
