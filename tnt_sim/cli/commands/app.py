"""`tnt-sim app`: the planner's page, on this machine."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.console import print_note
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import LangOption, QuietOption, list_scenario_files, parse_lang
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _

if TYPE_CHECKING:
    from tnt_sim.scenario.scenario import ScenarioData

OptionalScenarioArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SCENARIO]",
        help=N_("The scenario (.yaml); without one, the page begins with a table."),
        show_default=False,
        autocompletion=list_scenario_files,
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="N", min=1, max=65535, help=N_("The port; 8866 by default, or the first free one.")
    ),
]
NoBrowserOption = Annotated[
    bool, typer.Option("--no-browser", help=N_("Opens no browser: shows the address only."))
]


def app(
    scenario: OptionalScenarioArgument = None,
    port: PortOption = None,
    no_browser: NoBrowserOption = False,
    lang: LangOption = None,
    quiet: QuietOption = False,
) -> int:
    """Open the planner's page: adjust, see the list, compare, save."""
    parse_lang(lang)
    from tnt_sim.app.server import build_address, generate_token, select_port, serve
    from tnt_sim.cli.projects.uploaded_project import build_starting

    written = None if scenario is None else get_written_locale(_load(scenario))
    tongue = parse_lang(lang, written)
    door, token = select_port(port), generate_token()
    address = build_address(door, token)
    head = _("The planner's page: ").in_(tongue)
    end = _("Ctrl-C stops it.").in_(tongue)

    def show_address(opening: Path) -> None:
        print_note(f"{head}{address}" if quiet else f"{head}{address}\n{end}")
        if not no_browser:
            webbrowser.open(opening.as_uri())

    serve(scenario, build_starting(Path.cwd(), tongue), tongue, door, token, ready=show_address)
    return 0


def _load(scenario: Path) -> ScenarioData:
    from tnt_sim.scenario.load import load_scenario

    if scenario.suffix.lower() == ".pb":
        raise UsageError(
            _("the page reads a .yaml scenario, no Pabulib file."),
            code="usage.app",
        )
    return load_scenario(scenario)
