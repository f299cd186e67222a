"""Translation of pydantic validation errors into sentences: what, where, why, and what to write.

The valid keys at a place are read from the JSON schema of the model, for the nearest-name suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from tnt_sim.domain.field_types import quote_value
from tnt_sim.errors import Defect, Place, ScenarioError, find_nearest_name, suggest_name
from tnt_sim.i18n.message import Bilingual, Text, _
from tnt_sim.scenario.yaml.layers import locate_value
from tnt_sim.scenario.yaml.nodes import Origin, PathSteps
from tnt_sim.scenario.yaml.overrides import WHOLE
from tnt_sim.scenario.yaml.syntax_errors import complete_sentence, explain_amount_tail, is_amount_tail

type Said = tuple[str, Text, Text | None]

_EXPECTED = re.compile(r"'((?:[^'\\]|\\.)*)'|(-?\d+)")


def explain_error(kind: str, value: Any, context: Mapping[str, Any], message: str, label: str) -> Said:
    """Return code, sentence and remedy for a pydantic error.

    Parameters
    ----------
    kind, found, context, message : type, input, ctx and msg of the error
    label : path of the value, for sentences that name it
    """
    if "fr" in context:
        hint = Bilingual(context["hint_fr"], context["hint_en"]) if "hint_fr" in context else None
        return kind, Bilingual(str(context["fr"]), str(context.get("en", context["fr"]))), hint
    if kind in ("literal_error", "enum"):
        return _explain_unknown_value(value, str(context.get("expected", "")), label)
    if kind == "union_tag_invalid":
        return _explain_unknown_value(context.get("tag"), str(context.get("expected_tags", "")), label)
    if kind in _TYPES:
        return _explain_wrong_type(kind, value)
    if kind in _BOUNDS:
        return _explain_out_of_bounds(kind, value, context)
    if kind in ("value_error", "assertion_error"):
        return _explain_raised_error(context.get("error"), message)
    return _explain_refused_value(value, message)


def _explain_unknown_value(value: Any, expected: str, label: str) -> Said:
    names = [text or number for text, number in _EXPECTED.findall(expected)]
    key = label.rsplit(".", 1)[-1]
    if value is None or isinstance(value, dict | list | tuple):
        some = ", ".join(names)
        what = _describe_kind(value)
        return (
            "unknown_value",
            _('"{key}": {found}, not a known value', key=key, found=what),
            _("Known values: {some}.", some=some),
        )
    return (
        "unknown_value",
        _('"{written}" is not a value of "{key}"', written=quote_value(value), key=key),
        suggest_name(str(value), names),
    )


_TEXT = _("a text is expected here")
_BLOCK = _("a mapping is expected here")
_LIST = _("a list is expected here")
_NUMBER = _("a number is expected here")
_DATE = _("a day is expected here (YYYY-MM-DD)")
_FLAG = _("true or false is expected here")
_TYPES: dict[str, Text] = {
    **dict.fromkeys(("string_type", "string_sub_type"), _TEXT),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), _BLOCK),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "decimal_type",
         "decimal_parsing", "int_parsing_size"), _NUMBER),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "datetime_parsing"), _DATE),
    **dict.fromkeys(("bool_type", "bool_parsing"), _FLAG),
}  # fmt: skip

_EXAMPLES: Mapping[str, Text] = {
    _TEXT.en: _("Write one value, without dash, brackets or braces."),
    _NUMBER.en: _("Write for example 12."),
    _DATE.en: _("Write for example 2021-11-22."),
    _FLAG.en: _("Write true or false."),
}
"""Remedies by expected type."""


def _describe_kind(value: Any) -> Text:
    if value is None:
        return _("nothing")
    if isinstance(value, dict):
        return _("a mapping")
    if isinstance(value, list | tuple):
        return _("a list")
    return _('"{value}"', value=quote_value(value))


def _explain_wrong_type(kind: str, value: Any) -> Said:
    expected, what = _TYPES[kind], _describe_kind(value)
    hint = _EXAMPLES.get(expected.en)
    if value is None:
        return "wrong_type", _("the value is empty: {expected}", expected=expected), hint
    if expected is _LIST and isinstance(value, str):
        hint = _("Write [{written}].", written=quote_value(value))
    elif expected is _LIST and isinstance(value, dict):
        hint = _('Put a dash "-" before each entry.')
    elif expected is _BLOCK and isinstance(value, list | tuple):
        hint = _("Remove the dashes or the brackets.")
    text = _("{expected}, not {found}", expected=expected, found=what)
    return "wrong_type", text, hint


_BOUNDS: Mapping[str, tuple[str, Callable[[Any, Any], Text]]] = {
    "too_short": (
        "min_length",
        lambda bound, given: _("at least {bound} entries, {given} given", bound=bound, given=given),
    ),
    "too_long": (
        "max_length",
        lambda bound, given: _("at most {bound} entries, {given} given", bound=bound, given=given),
    ),
    "string_too_short": ("min_length", lambda bound, _given: _("at least {bound} characters", bound=bound)),
    "string_too_long": ("max_length", lambda bound, _given: _("at most {bound} characters", bound=bound)),
    "string_pattern_mismatch": (
        "pattern",
        lambda bound, given: _('"{given}" does not match {bound}', given=given, bound=bound),
    ),
    "greater_than": (
        "gt",
        lambda bound, given: _("{given}: more than {bound} expected", given=given, bound=bound),
    ),
    "greater_than_equal": (
        "ge",
        lambda bound, given: _("{given}: at least {bound} expected", given=given, bound=bound),
    ),
    "less_than": (
        "lt",
        lambda bound, given: _("{given}: less than {bound} expected", given=given, bound=bound),
    ),
    "less_than_equal": (
        "le",
        lambda bound, given: _("{given}: at most {bound} expected", given=given, bound=bound),
    ),
}
"""The name of the bound in the context of an error, and its sentence."""


def _explain_out_of_bounds(kind: str, value: Any, context: Mapping[str, Any]) -> Said:
    name, describe = _BOUNDS[kind]
    given = context.get("actual_length", quote_value(value))
    return "bounds", describe(str(context.get(name)), given), None


def _explain_raised_error(error: Any, message: str) -> Said:
    text = getattr(error, "text", None)
    if isinstance(text, Text):
        return "value", text, None
    words = str(error) if error is not None else message
    return "value", Bilingual(words, words), None


def _explain_refused_value(value: Any, message: str) -> Said:
    return (
        "value",
        _('"{written}" is refused ({message})', written=quote_value(value), message=message),
        None,
    )


type Schema = dict[str, Any]
_MAX_HOPS = 32


@cache
def _build_schema(model: type[BaseModel]) -> Schema:
    """Return the JSON schema of a model; empty for a model without one, which only loses the hints."""
    try:
        return model.model_json_schema(by_alias=True)
    except PydanticInvalidForJsonSchema:
        return {}


class SchemaKeys:
    """The valid keys at every place of a model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = _build_schema(model)
        self._definitions: dict[str, Schema] = self._root.get("$defs", {})

    def list_keys(self, loc: tuple[str | int, ...]) -> tuple[str, ...]:
        """Return the valid keys of the object at the location of an error (which may contain union tags)."""
        keys: dict[str, None] = {}
        for __, schema in self._find_schemas(loc):
            keys.update(dict.fromkeys(schema.get("properties", {})))
        return tuple(keys)

    def can_have_key(self, loc: tuple[str | int, ...], key: str) -> bool:
        """Return whether the object at a location may have the key; an unknown object may."""
        result = self._find_schemas(loc)
        return not result or any(
            key in schema.get("properties", {}) or schema.get("additionalProperties", True) is not False
            for __, schema in result
        )

    def _find_schemas(self, loc: tuple[str | int, ...]) -> list[tuple[str, Schema]]:
        current = self._expand("", self._root, 0)
        for part in loc:
            below = [found for __, schema in current for found in self._list_child_schemas(schema, part)]
            named = [(name, schema) for name, schema in current if name == part]
            current = below or named or current
        return current

    def _list_child_schemas(self, schema: Schema, step: str | int) -> list[tuple[str, Schema]]:
        if isinstance(step, int):
            child = schema.get("items")
            prefix = schema.get("prefixItems", [])
            child = prefix[step] if step < len(prefix) else child
        else:
            child = schema.get("properties", {}).get(step)
            if child is None and schema.get("type") == "object" and "properties" not in schema:
                child = schema.get("additionalProperties")
        return self._expand("", child, 0) if isinstance(child, dict) else []

    def _expand(self, name: str, schema: Schema, hops: int) -> list[tuple[str, Schema]]:
        """Return the schemas behind references and unions, each with its name (model or tag)."""
        if hops > _MAX_HOPS:
            return []
        if "$ref" in schema:
            target = str(schema["$ref"]).rsplit("/", 1)[-1]
            return self._expand(name or target, self._definitions.get(target, {}), hops + 1)
        members = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not members:
            return [(name, schema)]
        mapping = schema.get("discriminator", {}).get("mapping", {})
        tags = {ref: tag for tag, ref in mapping.items()}
        return [
            found
            for member in members
            for found in self._expand(tags.get(member.get("$ref"), name), member, hops + 1)
        ]


_MAX_DEFECTS = 100
_KEEP_NULLS = WHOLE | {"set"}


def validate_model[M: BaseModel](model: type[M], tree: object, origins: Mapping[PathSteps, Origin]) -> M:
    """Validate a tree of texts against a model.

    A null under a known key counts as if the key were absent. Inside `where` and the like it is an error, so
    that an emptied condition never selects everything.
    """
    nulls: list[PathSteps] = []
    pruned = _without_nulls(tree, (), nulls)
    shape = SchemaKeys(model) if nulls else None
    unknown = (
        []
        if shape is None
        else [steps for steps in nulls if not shape.can_have_key(steps[:-1], str(steps[-1]))]
    )
    try:
        result = model.model_validate(pruned)
    except ValidationError as error:
        report = _Report(shape or SchemaKeys(model), tree, origins)
        issues = [_build_issue(pruned, raw) for raw in error.errors(include_url=False)]
        defects = report.collect_defects(issues)
        defects += [report.build_unknown_key_defect(steps, steps[:-1]) for steps in unknown]
        raise ScenarioError(_sort_defects(defects)) from None
    if unknown and shape is not None:
        report = _Report(shape, tree, origins)
        raise ScenarioError(
            _sort_defects([report.build_unknown_key_defect(steps, steps[:-1]) for steps in unknown])
        )
    return result


def _without_nulls(value: Any, steps: PathSteps, nulls: list[PathSteps]) -> Any:
    if isinstance(value, dict):
        retained = {}
        for key, child in value.items():
            here = (*steps, key)
            if child is None:
                nulls.append(here)
            else:
                retained[key] = child if key in _KEEP_NULLS else _without_nulls(child, here, nulls)
        return retained
    if isinstance(value, list):
        return [_without_nulls(child, (*steps, index), nulls) for index, child in enumerate(value)]
    return value


def _sort_defects(defects: list[Defect]) -> list[Defect]:
    unique = list(dict.fromkeys(defects))[:_MAX_DEFECTS]
    return sorted(unique, key=_rank)


def _rank(defect: Defect) -> tuple[str, int, int]:
    place = defect.places[0] if defect.places else Place()
    return (place.file or "", place.line or 0, place.column or 0)


@dataclass(frozen=True, slots=True)
class _Issue:
    """One pydantic error: its place in the tree, and the union members on the way to it."""

    kind: str
    loc: tuple[str | int, ...]
    steps: PathSteps
    value: Any
    context: Mapping[str, Any]
    message: str
    tags: tuple[tuple[PathSteps, str], ...] = ()
    missing: str | None = None
    is_key: bool = False


def _build_issue(tree: Any, raw: Any) -> _Issue:
    """Follow the location of an error down the tree.

    Parts that are neither key nor index name a union member.
    """
    steps: PathSteps = ()
    tags: list[tuple[PathSteps, str]] = []
    loc, kind, node, is_key = raw["loc"], raw["type"], tree, False
    missing = str(loc[-1]) if kind == "missing" and loc else None
    for piece in loc[:-1] if missing is not None else loc:
        if _has(node, piece):
            steps, node = (*steps, piece), node[piece]
        elif piece == "[key]":
            is_key = True
        else:
            tags.append((steps, str(piece)))
    context = raw.get("ctx") or {}
    steps = (*steps, *context.get("at", ()))
    return _Issue(kind, loc, steps, raw.get("input"), context, raw["msg"], tuple(tags), missing, is_key)


def _has(node: Any, step: str | int) -> bool:
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list | tuple) and isinstance(step, int) and step < len(node)


@dataclass(slots=True)
class _Report:
    """Turns issues into defects."""

    shape: SchemaKeys
    tree: Any
    origins: Mapping[PathSteps, Origin]

    def collect_defects(self, issues: list[_Issue]) -> list[Defect]:
        """Return the defects of all issues; a misspelt key is not reported as missing too."""
        retained = self.select_relevant(issues)
        meant = {
            (issue.steps[:-1], find_nearest_name(str(issue.loc[-1]), self.shape.list_keys(issue.loc[:-1])))
            for issue in retained
            if issue.kind == "extra_forbidden"
        }
        faulty = {issue.steps for issue in retained if issue.kind != "too_short"}
        return [
            self.build_defect(issue)
            for issue in retained
            if (issue.missing is None or (issue.steps, issue.missing) not in meant)
            and not (issue.kind == "too_short" and _has_defect_below(issue.steps, faulty))
        ]

    def select_relevant(self, issues: list[_Issue], level: int = 0) -> list[_Issue]:
        """Return the issues without those of union members that the planner did not mean."""
        retained: list[_Issue] = []
        unions: dict[PathSteps, dict[str, list[_Issue]]] = {}
        for issue in issues:
            if len(issue.tags) <= level:
                retained.append(issue)
            else:
                prefix, tag = issue.tags[level]
                unions.setdefault(prefix, {}).setdefault(tag, []).append(issue)
        for prefix, members in unions.items():
            retained += self._choose_member(
                [self.select_relevant(member, level + 1) for member in members.values()], prefix
            )
        return retained

    def _choose_member(self, members: list[list[_Issue]], prefix: PathSteps) -> list[_Issue]:
        best = [self._compute_misfit(member, prefix) for member in members]
        return members[best.index(min(best))]

    def _compute_misfit(self, member: list[_Issue], prefix: PathSteps) -> tuple[bool, int, int]:
        """Return how far a union member is from what was written: type, unknown keys, number of errors."""
        other_shape = any(_is_other_shape(issue, prefix) for issue in member)
        strangers = [
            issue for issue in member if issue.kind == "extra_forbidden" and not self._has_near_key(issue)
        ]
        return other_shape, len(strangers), len(member)

    def _has_near_key(self, issue: _Issue) -> bool:
        return find_nearest_name(str(issue.loc[-1]), self.shape.list_keys(issue.loc[:-1])) is not None

    def build_defect(self, issue: _Issue) -> Defect:
        """Return the defect of one issue."""
        if issue.missing is not None:
            return self._build_missing_key_defect(issue, issue.missing)
        if issue.kind == "extra_forbidden":
            return self.build_unknown_key_defect(issue.steps, issue.loc[:-1])
        steps = issue.steps
        if issue.kind == "union_tag_invalid":
            steps = (*steps, _strip_quotes(issue.context.get("discriminator", "")))
        elif issue.kind == "union_tag_not_found":
            return self._build_missing_key_defect(
                issue, _strip_quotes(issue.context.get("discriminator", ""))
            )
        code, text, hint = explain_error(
            issue.kind, issue.value, issue.context, issue.message, self._format_path(steps)
        )
        if code == "wrong_type" and isinstance(issue.value, str):
            hint = self._suggest_file_entry(issue.loc, issue.value) or hint
        if hint is None and code == "wrong_type" and (keys := self.shape.list_keys(issue.loc)):
            some = ", ".join(keys[:8]) + (", …" if len(keys) > 8 else "")
            hint = _("Possible keys: {some}.", some=some)
        place = locate_value(self.origins, steps, key=issue.is_key)
        return Defect(code, complete_sentence(text), _wrap_place(place), hint)

    def _suggest_file_entry(self, loc: tuple[str | int, ...], value: str) -> Text | None:
        """Return how to write the name of a file where a block with the key `file` is expected, or a list."""
        entry = f"{{file: {quote_value(value)}}}"
        if "file" in self.shape.list_keys(loc):
            return _("Write {example}.", example=entry)
        return _("Write [{written}].", written=entry) if "file" in self.shape.list_keys((*loc, 0)) else None

    def build_unknown_key_defect(self, steps: PathSteps, parent: tuple[str | int, ...]) -> Defect:
        """Return the defect of an unknown key, or of the tail of an amount that was split at its comma."""
        key = str(steps[-1])
        places = _wrap_place(locate_value(self.origins, steps, key=True))
        before = self._get_value_before(steps)
        if before is not None and is_amount_tail(key):
            text, hint = explain_amount_tail(before, key)
            return Defect("yaml_comma", complete_sentence(text), places, hint)
        where = self._format_path(steps[:-1])
        return Defect(
            "unknown_key",
            _('unknown key "{key}" in "{path}".', key=quote_value(key), path=where)
            if where
            else _('unknown key "{key}".', key=quote_value(key)),
            places,
            self._suggest_path(key) if len(steps) == 1 else suggest_name(key, self.shape.list_keys(parent)),
        )

    def _suggest_path(self, key: str) -> Text | None:
        """Return the remedy for an unknown first key: the entry of a list with this id, else the nearest key."""
        for name in ("rules", "eligibility", "caps", "measures"):
            entries = self._get_node((name,))
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict) and entry.get("id") == key:
                    close = f"{name}.{key}"
                    return _('Did you mean "{close}"?', close=close)
        return suggest_name(key, self.shape.list_keys(()))

    def _get_value_before(self, steps: PathSteps) -> str | None:
        node = self._get_node(steps[:-1])
        keys = list(node) if isinstance(node, dict) else []
        index = keys.index(steps[-1]) if steps[-1] in keys else 0
        value = node[keys[index - 1]] if index else None
        return value if isinstance(value, str) and value.isdecimal() else None

    def _build_missing_key_defect(self, issue: _Issue, key: str) -> Defect:
        steps = (*issue.steps, key)
        where = self._format_path(issue.steps)
        if steps in self.origins:
            return Defect(
                "missing_key",
                _('"{path}" is empty.', path=self._format_path(steps)),
                _wrap_place(locate_value(self.origins, steps, key=True)),
                _("Give it a value."),
            )
        hint = _('Add "{key}: …".', key=key)
        near = self._find_misspelt_key(issue, key)
        if near is not None:
            hint = _('Is "{near}" a misspelt "{key}"?', near=near, key=key)
        text = _('"{key}" is missing.', key=key)
        if where:
            text = _('"{key}" is missing in "{path}".', key=key, path=where)
        return Defect("missing_key", text, _wrap_place(locate_value(self.origins, issue.steps)), hint)

    def _find_misspelt_key(self, issue: _Issue, key: str) -> str | None:
        node = self._get_node(issue.steps)
        written = [str(name) for name in node] if isinstance(node, dict) else []
        known = set(self.shape.list_keys(issue.loc[:-1] if issue.missing is not None else issue.loc))
        return find_nearest_name(key, [name for name in written if len(name) > 2 and name not in known])

    def _get_node(self, steps: PathSteps) -> Any:
        node = self.tree
        for step in steps:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def _format_path(self, steps: PathSteps) -> str:
        """Return a path as `--set` writes it: list entries by their id, else by their position from 1."""
        words: list[str] = []
        for index, step in enumerate(steps):
            if isinstance(step, int):
                entry = self._get_node(steps[: index + 1])
                name = entry.get("id") if isinstance(entry, dict) else None
                words.append(name if isinstance(name, str) else f"[{step + 1}]")
            else:
                words.append(step)
        return ".".join(words).replace(".[", "[")


def _is_other_shape(issue: _Issue, prefix: PathSteps) -> bool:
    """Return whether a union member refuses the type of the value itself (a text for a mapping, and so on)."""
    if issue.steps != prefix or issue.missing is not None:
        return False
    if issue.kind.endswith("_type"):
        return True
    return (
        isinstance(issue.value, dict | list | tuple) and "fr" in issue.context and "at" not in issue.context
    )


def _has_defect_below(steps: PathSteps, others: set[PathSteps]) -> bool:
    """Return whether a fault lies in an entry of the list at `steps`, so that the list only seems too short."""
    return any(len(other) > len(steps) and other[: len(steps)] == steps for other in others)


def _strip_quotes(text: str) -> str:
    return text.strip("'\"").replace("'", "").split(" | ")[0]


def _wrap_place(place: Place) -> tuple[Place, ...]:
    return () if place == Place() else (place,)
