"""The page `rules.md` of the reference, from the texts of `show --model`: `tools/docs.py write` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rule_examples import AMOUNTS, CATALOGUE, ENVELOPES, GOALS

from tnt_sim.i18n.message import Lang
from tnt_sim.rules.envelopes.text import describe_envelope, find_gaining_envelopes, format_envelope_formula
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.kinds.registry import describe_rule, format_rule_formula, load_rule_kinds
from tnt_sim.rules.offers.cap_spec import LIBRARY, CapSpec
from tnt_sim.rules.offers.text import (
    describe_cap,
    describe_grant,
    describe_waiver,
    format_cap_formula,
    format_grant_formula,
)
from tnt_sim.scenario.objective_text import describe_stage, format_stage_formula
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

_HEAD = """# Le livre des règles

Ce fichier est produit par `uv run python tools/docs.py write`, des mêmes textes que
`tnt-sim show SCENARIO --model`. Chaque exemple est lu par la grammaire avant d’être imprimé.
*This file is generated from the texts of `show --model`; every example is parsed first.*

Formules : `x_i` vaut 1 si le dossier i est financé, sinon 0 ; `g_i` est son montant en euros ; `Σ{…}` somme les
dossiers que les accolades désignent, dans la notation des sélecteurs ; `[…]` vaut 1 si son contenu est vrai.
"""


def parse_fragment(text: str) -> ScenarioSpec:
    """Parse a YAML part of a scenario within the smallest valid scenario."""
    node = parse_yaml(text, "docs/fr/reference/rules.md")
    part: Any = {} if node is None else to_tree(node)
    whole = {"id": "doc", "programme": {"id": "tnt"}, "dossiers": [{"file": "table.csv"}], **part}
    return ScenarioSpec.model_validate(whole)


def build_rules_page() -> str:
    """Return the whole text of `docs/fr/reference/rules.md`."""
    sections = [
        _HEAD,
        *_render_rules(),
        *_render_grants(),
        *_render_caps(),
        *_render_envelopes(),
        *_render_goals(),
        *_render_catalogue(),
    ]
    return "\n".join(sections) + "\n"


def _render_sample(yaml: str, fr: str, en: str, formula: str) -> Iterator[str]:
    yield f"```yaml\n{yaml}\n```\n"
    yield f"- {fr}\n- *{en}*" + (f"\n- `{formula}`\n" if formula else "\n")


def _render_rules() -> Iterator[str]:
    yield "\n## Règles\n"
    for kind in load_rule_kinds().values():
        yield f"### `{kind.name}`\u00a0: {kind.label.fr}\n"
        yield f"```yaml\n{kind.example}\n```\n"
        for rule in parse_fragment(kind.example).rules:
            yield (
                f"- {describe_rule(rule, Lang.FR)}\n- *{describe_rule(rule, Lang.EN)}*\n"
                f"- `{format_rule_formula(rule)}`\n"
            )
    yield (
        "Toute règle est dure, sauf avec `penalty: {cost, per, stage}` (elle peut être rompue, à ce prix) ou "
        "`report: true` (elle n’est que lue).\n"
    )


def _render_grants() -> Iterator[str]:
    yield "## Montants : la première ligne qui convient décide\n"
    for text in AMOUNTS:
        grant = parse_fragment(text).grants[0]
        fr, en = (capitalise(describe_grant(grant, lang)) for lang in (Lang.FR, Lang.EN))
        yield from _render_sample(text, fr, en, format_grant_formula(grant))


def _render_caps() -> Iterator[str]:
    yield "## Plafonds par projet et bibliothèque juridique\n"
    for name, entry in LIBRARY.items():
        cap = CapSpec(use=name)
        yield f"### `{name}` ({entry.source})\n"
        yield from _render_sample(
            f"caps: [{name}]", describe_cap(cap, Lang.FR), describe_cap(cap, Lang.EN), format_cap_formula(cap)
        )
    text = (
        "waivers: [{of: cgct-l1111-10, where: {dossier: [D-7]}, reason: calamité publique, author: préfet}]"
    )
    waiver = parse_fragment(text).waivers[0]
    yield "### Dérogations\n"
    yield from _render_sample(text, describe_waiver(waiver, Lang.FR), describe_waiver(waiver, Lang.EN), "")


def _render_envelopes() -> Iterator[str]:
    yield "## Enveloppes\n"
    for text in ENVELOPES:
        yield f"```yaml\n{text}\n```\n"
        programme = parse_fragment(text).programme
        givers = find_gaining_envelopes(programme)
        for spec, _ in programme.walk():
            fr, en = (describe_envelope(spec, lang, giver=givers.get(spec.id)) for lang in (Lang.FR, Lang.EN))
            yield f"- **{spec.id}** {fr} *{en}*\n  `{format_envelope_formula(spec, givers.get(spec.id))}`"
        yield ""


def _render_goals() -> Iterator[str]:
    yield "## Objectif\n"
    for text in GOALS:
        stage = parse_fragment(text).objective[0]
        yield from _render_sample(
            text, describe_stage(stage, Lang.FR), describe_stage(stage, Lang.EN), format_stage_formula(stage)
        )


def _render_catalogue() -> Iterator[str]:
    yield "## Les 65 règles du catalogue, et comment les écrire\n"
    yield "| n° | règle | comment l’écrire |\n|---|---|---|"
    for entry in CATALOGUE:
        if entry.yaml:
            parse_fragment(entry.yaml)
        how = " — ".join(part for part in (f"`{entry.yaml}`" if entry.yaml else "", entry.note) if part)
        yield f"| {entry.number} | {entry.rule} | {how} |"
