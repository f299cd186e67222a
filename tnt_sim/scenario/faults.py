"""The words for each kind of validation error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tnt_sim.errors import Text, did_you_mean
from tnt_sim.scalars import shown

type Said = tuple[str, Text, Text | None]
type Sayer = Callable[[Any, Mapping[str, Any], str], Said]

_EXPECTED = re.compile(r"'((?:[^'\\]|\\.)*)'|(-?\d+)")


def say(kind: str, found: Any, context: Mapping[str, Any], message: str, label: str) -> Said:
    """Code, sentence and remedy for an error of pydantic.

    Parameters
    ----------
    kind, found, context, message : the error's type, input, ctx and msg
    label : the path of the value, for sentences that name it
    """
    if "fr" in context:
        hint = Text(context["hint_fr"], context["hint_en"]) if "hint_fr" in context else None
        return kind, Text(str(context["fr"]), str(context.get("en", context["fr"]))), hint
    if kind in ("literal_error", "enum"):
        return _unknown_value(found, str(context.get("expected", "")), label)
    if kind == "union_tag_invalid":
        return _unknown_value(context.get("tag"), str(context.get("expected_tags", "")), label)
    if kind in _TYPES:
        return _wrong_type(kind, found)
    if kind in _BOUNDS:
        return _out_of_bounds(kind, found, context)
    if kind in ("value_error", "assertion_error"):
        return _raised(context.get("error"), message)
    return _refused(found, message)


def _unknown_value(found: Any, expected: str, label: str) -> Said:
    names = [text or number for text, number in _EXPECTED.findall(expected)]
    key = label.rsplit(".", 1)[-1]
    if found is None or isinstance(found, dict | list | tuple):
        some = ", ".join(names)
        what = _kind_of(found)
        return (
            "unknown_value",
            Text(
                f"« {key} » : {what.fr} au lieu d'une des valeurs connues",
                f'"{key}": {what.en}, not a known value',
            ),
            Text(f"Valeurs connues : {some}.", f"Known values: {some}."),
        )
    return (
        "unknown_value",
        Text(
            f"« {shown(found)} » n'est pas une valeur de « {key} »",
            f'"{shown(found)}" is no value of "{key}"',
        ),
        did_you_mean(str(found), names),
    )


_TEXT = Text("un texte est attendu ici", "a text is expected here")
_BLOCK = Text("un bloc de clés est attendu ici", "a mapping is expected here")
_LIST = Text("une liste est attendue ici", "a list is expected here")
_NUMBER = Text("un nombre est attendu ici", "a number is expected here")
_DATE = Text("un jour est attendu ici (AAAA-MM-JJ)", "a day is expected here (YYYY-MM-DD)")
_FLAG = Text("true ou false est attendu ici", "true or false is expected here")
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


def _kind_of(found: Any) -> Text:
    if found is None:
        return Text("rien", "nothing")
    if isinstance(found, dict):
        return Text("un bloc de clés", "a mapping")
    if isinstance(found, list | tuple):
        return Text("une liste", "a list")
    return Text(f"« {shown(found)} »", f'"{shown(found)}"')


def _wrong_type(kind: str, found: Any) -> Said:
    expected, what = _TYPES[kind], _kind_of(found)
    hint: Text | None = None
    if found is None:
        return "wrong_type", Text(f"valeur vide : {expected.fr}", f"empty value: {expected.en}"), None
    if expected is _LIST and isinstance(found, str):
        hint = Text(f"Écrivez [{shown(found)}].", f"Write [{shown(found)}].")
    elif expected is _LIST and isinstance(found, dict):
        hint = Text("Précédez chaque entrée d'un tiret « - ».", 'Put a dash "-" before each entry.')
    elif expected is _BLOCK and isinstance(found, list | tuple):
        hint = Text("Retirez les tirets ou les crochets.", "Remove the dashes or the brackets.")
    text = Text(f"{expected.fr}, et non {what.fr}", f"{expected.en}, not {what.en}")
    return "wrong_type", text, hint


_BOUNDS: dict[str, tuple[str, str, str]] = {
    "too_short": (
        "min_length",
        "entrées attendues au moins : {0} ; données : {1}",
        "at least {0} entries, {1} given",
    ),
    "too_long": (
        "max_length",
        "entrées attendues au plus : {0} ; données : {1}",
        "at most {0} entries, {1} given",
    ),
    "string_too_short": ("min_length", "caractères attendus au moins : {0}", "at least {0} characters"),
    "string_too_long": ("max_length", "caractères attendus au plus : {0}", "at most {0} characters"),
    "string_pattern_mismatch": ("pattern", "« {1} » n'a pas la forme {0}", '"{1}" does not match {0}'),
    "greater_than": ("gt", "{1} : plus que {0} attendu", "{1}: more than {0} expected"),
    "greater_than_equal": ("ge", "{1} : au moins {0} attendu", "{1}: at least {0} expected"),
    "less_than": ("lt", "{1} : moins que {0} attendu", "{1}: less than {0} expected"),
    "less_than_equal": ("le", "{1} : au plus {0} attendu", "{1}: at most {0} expected"),
}


def _out_of_bounds(kind: str, found: Any, context: Mapping[str, Any]) -> Said:
    name, fr, en = _BOUNDS[kind]
    given = context.get("actual_length", shown(found))
    return "bounds", Text(fr.format(context.get(name), given), en.format(context.get(name), given)), None


def _raised(error: Any, message: str) -> Said:
    text = getattr(error, "text", None)
    if isinstance(text, Text):
        return "value", text, None
    words = str(error) if error is not None else message
    return "value", Text(words, words), None


def _refused(found: Any, message: str) -> Said:
    return (
        "value",
        Text(f"« {shown(found)} » est refusé ({message})", f'"{shown(found)}" is refused ({message})'),
        None,
    )
