"""Files saved from the page: a scenario that extends the original, a comparison, the workbook."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from tnt_sim.analysis.compare.compared_run import ComparedRun, build_side
from tnt_sim.api.comparison import Comparison
from tnt_sim.app.live_answers import LiveAnswer
from tnt_sim.app.page_state import State
from tnt_sim.app.scenario_changes import apply_state, build_slug, build_tree
from tnt_sim.disk import build_write_error, put, quote_path
from tnt_sim.engine.result import Status
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import LimitReached, UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.renderers.html import render_report_body
from tnt_sim.reporting.reports.comparison import build_report
from tnt_sim.reporting.workbook.workbook import build_workbook
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.safe_paths import resolve_inside
from tnt_sim.verify.verification import build_fresh

MOST_LISTED = 50
_HEAD = """\
# Enregistré depuis la page du planificateur : ce qui change par rapport à « {base} », et rien d’autre.
# Saved from the planner's page: what differs from "{base}", and nothing else.
"""
_EXTENDS = re.compile(r"^extends:\s*['\"]?([^'\"#\n]+?)['\"]?\s*(?:#.*)?$", re.MULTILINE)
_MOST_READ = 65_536


def save(scenario: ScenarioData, state: State, name: str) -> Path:
    """Write the settings as a scenario that extends that of the page; an existing file is never replaced."""
    slug = build_slug(name)
    if not slug or scenario.path is None:
        raise build_app_error(_("give a name with letters or digits."))
    base = scenario.path
    target = resolve_inside(scenario.root, base.parent, f"{slug}.yaml")
    text = _render_scenario(scenario, state, name.strip(), slug)
    try:
        put(target, text.encode(), replace=False)
    except FileExistsError:
        raise build_app_error(
            _(
                '"{target_name}" exists already and is left as it is. Choose another name.',
                target_name=target.name,
            ),
        ) from None
    except OSError as error:
        raise build_write_error(quote_path(Path(target.name)), error, usage="usage.app") from error
    return target


def _render_scenario(scenario: ScenarioData, state: State, title: str, slug: str) -> str:
    base = scenario.path.name if scenario.path is not None else ""
    document = {
        "schema_version": 1,
        "id": slug,
        "title": title,
        "extends": base,
        **build_tree(scenario, state),
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(document, stream)
    return _HEAD.format(base=base) + stream.getvalue()


def list_variants(scenario: ScenarioData) -> list[str]:
    """List the scenarios in the same folder that extend this one, by file name."""
    if scenario.path is None:
        return []
    files = sorted(scenario.path.parent.glob("*.yaml"))
    return [file.name for file in files if _is_variant(file, scenario.path)][:MOST_LISTED]


def _is_variant(file: Path, base: Path) -> bool:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            result = _EXTENDS.search(stream.read(_MOST_READ))
    except OSError:
        return False
    return result is not None and (file.parent / result[1].strip()).resolve() == base.resolve()


def render_comparison(scenario: ScenarioData, answer: LiveAnswer, file: str, lang: Lang) -> str:
    """Compare the displayed answer with a saved scenario: totals, differences, moves."""
    if scenario.path is None or file not in list_variants(scenario):
        raise build_app_error(_('"{file}" is not a variant of this scenario.', file=file))
    here = build_answer_side(_("this page").in_(lang), answer)
    there = build_side(scenario.path.parent / file, Path(file).stem)
    return render_report_body(build_report(Comparison((here, there), {})), lang)


def compare_answers(answers: Sequence[tuple[str, LiveAnswer]], lang: Lang) -> str:
    """Compare answers of the page, each with its name: totals, differences, moves."""
    sides = tuple(build_answer_side(name, answer) for name, answer in answers)
    return render_report_body(build_report(Comparison(sides, {})), lang)


def build_answer_side(name: str, answer: LiveAnswer) -> ComparedRun:
    """Return an answer of the page as one side of a comparison."""
    proof = None if answer.proof is None else answer.proof.value
    found = build_fresh(answer.status is Status.OPTIMAL, proof, answer.canonical, answer.rows)
    return ComparedRun(name, answer.problem, answer.allocation, answer.reading, proof, found)


def export_workbook(scenario: ScenarioData, state: State, lang: Lang) -> tuple[Path, bytes]:
    """Solve and prove the settings as `run` does; return the run folder and its workbook."""
    result = solve(apply_state(scenario, state))
    if result.allocation is None:
        raise LimitReached(_("no allocation to export."))
    folder = write_run(result)
    return folder, build_workbook(open_stored(folder), lang)


def build_app_error(text: Text) -> UsageError:
    """Return the error for what the page cannot do."""
    return UsageError(text, code="usage.app")
