"""JSON Schemas of the documents that `--json` prints, made from the classes that the documents are written from.

The schemas are files of the package, `tnt_sim/data/schemas/NAME.json`: `tnt-sim schema NAME` prints one, and
`python tools/docs.py write` makes them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tnt_sim.documents import list_keys
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.studies.registry import load_studies

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, tuple[str, Text]] = MappingProxyType(
    {
        "batch": (
            "analysis.batch.document.BatchDocument",
            _("batch: many scenarios"),
        ),
        "run": (
            "reporting.printed_run_document.PrintedRunDocument",
            _("run: an allocation and what supports it"),
        ),
        "incumbent": (
            "engine.incumbent.IncumbentEvent",
            _("run --events: a list found on the way, one line each"),
        ),
        "validate": (
            "reporting.reports.validation.ValidateDocument",
            _("validate: what can be checked without solving"),
        ),
        "compare": (
            "analysis.compare.document.CompareDocument",
            _("compare: decisions side by side"),
        ),
        "core": (
            "analysis.compare.document.CoreDocument",
            _("core: applications of all runs"),
        ),
        "doctor": (
            "reporting.command_documents.DoctorDocument",
            _("doctor: this machine"),
        ),
        "new": (
            "reporting.command_documents.NewDocument",
            _("new: a new project folder"),
        ),
        "refresh": (
            "reporting.command_documents.RefreshDocument",
            _("refresh: a table read again"),
        ),
        "written": (
            "reporting.command_documents.WrittenDocument",
            _("report, export: the files that were written"),
        ),
        "ensemble": (
            "analysis.uncertainty.document.EnsembleDocument",
            _("ensemble: uncertain costs, scores, dropouts"),
        ),
        "sweep": (
            "analysis.sweep.document.SweepDocument",
            _("sweep: what a bigger envelope brings"),
        ),
        "error": (
            "cli.clash.ClashDocument",
            _("any command that fails"),
        ),
        "explain": (
            "analysis.explain.document.ExplainDocument",
            _("explain: why, and what would change it"),
        ),
        "show": (
            "reporting.reports.scenario.ShowDocument",
            _("show: the merged scenario, in sentences"),
        ),
        "verify": (
            "verify.document.VerifyDocument",
            _("verify: a run checked from its inputs"),
        ),
        "sign": (
            "reporting.command_documents.SignDocument",
            _("sign: a list signed in the register"),
        ),
        "transparency": (
            "reporting.transparency.folder.TransparencyDocument",
            _("transparency: sheets that explain each decision"),
        ),
        "send": (
            "reporting.command_documents.SendDocument",
            _("send: decisions for the applications of a procedure"),
        ),
        "examples": (
            "reporting.command_documents.ExamplesDocument",
            _("examples: what is shipped, or was copied"),
        ),
        "runs": (
            "reporting.reports.run_list.RunsDocument",
            _("runs: the run folders of a project"),
        ),
        "ensemble-fit": (
            "analysis.uncertainty.document.FitDocument",
            _("ensemble: distributions from past projects"),
        ),
        "import": (
            "reporting.reports.import_document.ImportDocument",
            _("import: a form, or workbooks"),
        ),
        **{
            study.verb: (study.document, _("{verb}: {title}", verb=study.verb, title=study.title))
            for study in load_studies().values()
        },
    }
)
"""By name, the class of the document and the command that prints it."""


CLASHING = frozenset({"alternatives", "audit", "sweep", "target", "weights"})
"""Documents that a command prints with `conflict` and `repairs` where it found no allocation."""
_CLASH_KEYS = "cli.clash.ClashKeys"


def read_schema(name: str) -> str:
    """Return the text of a schema, as it is shipped.

    Raises
    ------
    UsageError
        If there is no schema of this name.
    """
    if name not in DOCUMENTS:
        hint = suggest_name(name, DOCUMENTS) or NO_TEXT
        raise UsageError(
            _('there is no schema "{name}". {hint} "tnt-sim schema" lists them.', name=name, hint=hint),
            code="usage.schema",
        )
    return (files("tnt_sim") / "data" / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def render_schema(name: str) -> str:
    """Return the text of the file of a schema, from the class of its document."""
    document = _load_class(DOCUMENTS[name][0])
    schema = build_schema(document)
    if name in CLASHING:
        clash_keys = _load_class(_CLASH_KEYS)
        added = build_schema(clash_keys)["$defs"]
        schema["$defs"][document.__name__]["properties"] |= added.pop(clash_keys.__name__)["properties"]
        schema["$defs"] = dict(sorted((added | schema["$defs"]).items()))
    return (
        json.dumps({"$schema": DIALECT, "$id": f"{name}.json", **schema}, ensure_ascii=False, indent=2) + "\n"
    )


def _load_class(path: str) -> type:
    module, __, name = path.rpartition(".")
    found: type = getattr(import_module(f"tnt_sim.{module}"), name)
    return found


def build_schema(document: type) -> dict[str, Any]:
    """Build the schema of a class of documents: no other keys, and all of them but those that may be left out."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema
    from pydantic_core import core_schema

    class Generator(GenerateJsonSchema):
        def dataclass_schema(self, schema: core_schema.DataclassSchema) -> dict[str, Any]:
            node = super().dataclass_schema(schema)
            required = []
            document_class: Any = schema["cls"]
            for __, key, may_be_absent in list_keys(document_class):
                entry = node["properties"][key]
                entry.pop("default", None)
                entry.pop("title", None)
                if may_be_absent:
                    _drop_null(entry)
                else:
                    required.append(key)
            return {**node, "required": required}

    config = ConfigDict(extra="forbid", alias_generator=lambda name: name.removesuffix("_"))
    whole = TypeAdapter(tuple[document], config=config).json_schema(  # type: ignore[valid-type]
        mode="serialization", schema_generator=Generator
    )
    classes = whole["$defs"]
    if "DecimalText" in classes:
        classes["DecimalText"] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
    return {"$ref": f"#/$defs/{document.__name__}", "$defs": classes}


def _drop_null(entry: dict[str, Any]) -> None:
    """Remove null from the values of a key that is left out instead."""
    others = [one for one in entry["anyOf"] if one != {"type": "null"}]
    if len(others) > 1:
        entry["anyOf"] = others
    else:
        del entry["anyOf"]
        entry.update(others[0])
