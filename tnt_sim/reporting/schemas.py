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
from tnt_sim.i18n.message import Text

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, tuple[str, Text]] = MappingProxyType(
    {
        "alternatives": (
            "analysis.alternatives.document.AlternativesDocument",
            Text("alternatives : d’autres choix", "alternatives: other choices"),
        ),
        "audit": (
            "analysis.audit.document.AuditDocument",
            Text("audit : une liste faite à la main", "audit: a list made by hand"),
        ),
        "batch": (
            "analysis.batch.document.BatchDocument",
            Text("batch : beaucoup de scénarios", "batch: many scenarios"),
        ),
        "run": (
            "reporting.run_folder.document.PrintedRunDocument",
            Text("run : une répartition et ce qui la soutient", "run: an allocation and what supports it"),
        ),
        "validate": (
            "reporting.reports.validation.ValidateDocument",
            Text("validate : ce qui se vérifie sans calcul", "validate: what can be checked without solving"),
        ),
        "compare": (
            "analysis.compare.document.CompareDocument",
            Text("compare : des décisions côte à côte", "compare: decisions side by side"),
        ),
        "conflict": (
            "analysis.infeasibility.document.ConflictDocument",
            Text("conflict : ce qui se contredit", "conflict: what clashes"),
        ),
        "core": (
            "analysis.compare.document.CoreDocument",
            Text("core : dossiers de tous les calculs", "core: dossiers of all runs"),
        ),
        "weights": (
            "analysis.preferences.document.WeightsDocument",
            Text("weights : poids connus à peu près", "weights: weights known roughly"),
        ),
        "doctor": (
            "cli.documents.DoctorDocument",
            Text("doctor : cette machine", "doctor: this machine"),
        ),
        "new": (
            "cli.documents.NewDocument",
            Text("new : un nouveau dossier de projet", "new: a new project folder"),
        ),
        "written": (
            "cli.documents.WrittenDocument",
            Text("report, export : les fichiers écrits", "report, export: the files that were written"),
        ),
        "ensemble": (
            "analysis.uncertainty.document.EnsembleDocument",
            Text(
                "ensemble : coûts, notes et abandons incertains",
                "ensemble: uncertain costs, scores, dropouts",
            ),
        ),
        "sweep": (
            "analysis.sweep.document.SweepDocument",
            Text("sweep : ce qu’apporte une enveloppe plus grande", "sweep: what a bigger envelope brings"),
        ),
        "error": (
            "cli.documents.ErrorDocument",
            Text("toute commande, quand elle échoue", "any command that fails"),
        ),
        "explain": (
            "analysis.explain.document.ExplainDocument",
            Text(
                "explain : pourquoi, et ce qui changerait la décision",
                "explain: why, and what would change it",
            ),
        ),
        "inversions": (
            "analysis.explain.document.InversionsDocument",
            Text("inversions : mieux classés et non retenus", "inversions: ranked better, not funded"),
        ),
        "show": (
            "reporting.show_document.ShowDocument",
            Text("show : le scénario fusionné, en phrases", "show: the merged scenario, in sentences"),
        ),
        "verify": (
            "verify.document.VerifyDocument",
            Text("verify : un calcul relu depuis ses données", "verify: a run checked from its inputs"),
        ),
        "sign": (
            "cli.documents.SignDocument",
            Text("sign : une liste signée au registre", "sign: a list signed in the register"),
        ),
        "ensemble-fit": (
            "analysis.uncertainty.document.FitDocument",
            Text(
                "ensemble : des lois tirées de projets passés", "ensemble: distributions from past projects"
            ),
        ),
        "import": (
            "reporting.reports.import_document.ImportDocument",
            Text("import : un formulaire, des classeurs", "import: a form, or workbooks"),
        ),
        "extend": (
            "analysis.extend.document.ExtendDocument",
            Text("extend : transférer ou étendre", "extend: transfer or extend"),
        ),
        "marginal-euro": (
            "analysis.marginal.document.NextEuroDocument",
            Text("marginal-euro : ce que vaut l’euro suivant", "marginal-euro: what the next euro is worth"),
        ),
        "entry-thresholds": (
            "analysis.marginal.document.EntryThresholdsDocument",
            Text(
                "entry-thresholds : seuils d’entrée",
                "entry-thresholds: amounts from which dossiers are funded",
            ),
        ),
        "target": (
            "analysis.marginal.document.TargetDocument",
            Text("target : la plus petite enveloppe", "target: the smallest envelope"),
        ),
        "rule-prices": (
            "analysis.marginal.document.RulePricesDocument",
            Text(
                "rule-prices : ce que coûte chaque contrainte",
                "rule-prices: what each constraint costs",
            ),
        ),
        "extension-shares": (
            "analysis.marginal.document.ExtensionDocument",
            Text("extension-shares : où mettre une extension", "extension-shares: where to put an extension"),
        ),
    }
)
"""By name, the class of the document and the command that prints it."""


def read_schema(name: str) -> str:
    """Return the text of a schema, as it is shipped.

    Raises
    ------
    UsageError
        If there is no schema of this name.
    """
    if name not in DOCUMENTS:
        hint = suggest_name(name, DOCUMENTS) or Text("", "")
        raise UsageError(
            Text(
                f"le schéma « {name} » n’existe pas. {hint.fr} « tnt-sim schema » en donne la liste.",
                f'there is no schema "{name}". {hint.en} "tnt-sim schema" lists them.',
            ),
            code="usage.schema",
        )
    return (files("tnt_sim") / "data" / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def render_schema(name: str) -> str:
    """Return the text of the file of a schema, from the class of its document."""
    module, _, document = DOCUMENTS[name][0].rpartition(".")
    schema = build_schema(getattr(import_module(f"tnt_sim.{module}"), document))
    return (
        json.dumps({"$schema": DIALECT, "$id": f"{name}.json", **schema}, ensure_ascii=False, indent=2) + "\n"
    )


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
            for _, key, may_be_absent in list_keys(document_class):
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
