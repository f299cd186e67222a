"""`tnt.explore`: the planner's page in a notebook, and what it shows as ordinary objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Never

from tnt_sim.api.comparison import Comparison, compare
from tnt_sim.api.result import Result
from tnt_sim.api.scenario import Scenario
from tnt_sim.app.downloads import build_app_error
from tnt_sim.app.live_answers import CELL_CONFLICT_SECONDS, LiveAnswer, LiveAnswers, LiveConflict
from tnt_sim.app.open_page import Event
from tnt_sim.app.page import Page
from tnt_sim.app.page_state import State
from tnt_sim.app.scenario_changes import apply_state, with_values
from tnt_sim.engine.result import ResultData
from tnt_sim.errors import LimitReached, NothingDecided, UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.parameters import Items
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    from tnt_sim.app.widget import PageWidget


def explore(scenario: ScenarioData | ResultData, *, lang: Lang | str | None = None) -> Explorer:
    """Open a scenario in a cell of a notebook: its settings as controls, and the answer that follows them.

    Jupyter and marimo show the explorer when it is the last expression of a cell.

    Parameters
    ----------
    scenario : a scenario, or a result, whose scenario and list the page begins with
    lang : language of the page; by default that of the scenario

    Raises
    ------
    UsageError
        Without the extra `notebook`.

    Examples
    --------
    >>> explorer = tnt.explore(scenario)
    >>> explorer
    <Explorer exemple: 17 funded, 0 variants>
    >>> explorer.set({"programme.amount": "1.4 M€"})
    >>> explorer.result.document["n_funded"], explorer.scenario.spec.programme.amount
    (17, 140000000)
    """
    if find_spec("anywidget") is None:
        from tnt_sim.installation import format_install_command

        raise UsageError(
            _(
                "`explore` needs the package anywidget, which is not installed here. To install it: {command}",
                command=format_install_command("notebook", "anywidget", "ipywidgets"),
            ),
            code="usage.explore",
        )
    source = scenario.problem.scenario if isinstance(scenario, ResultData) else scenario
    desk = LiveAnswers(source, with_evidence=True, conflict_seconds=CELL_CONFLICT_SECONDS)
    known = LiveAnswer.of_result(scenario) if isinstance(scenario, ResultData) else None
    if known is not None:
        desk.record_answer(known)
    return Explorer(Page(source, Lang(lang or source.spec.locale), desk))


class Explorer:
    """The planner's page in cells of a notebook. Its objects are those of the settings as they stand."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._built: tuple[LiveAnswer, Result] | None = None

    def __repr__(self) -> str:
        answer, trouble = self._page.last_answer, self._page.trouble
        n_funded = int(answer.allocation.funded.sum()) if answer is not None else 0
        words = f"{n_funded} funded" if trouble is None else "no list"
        return f"<Explorer {self._page.scenario.id}: {words}, {len(self.variants)} variants>"

    @property
    def scenario(self) -> Scenario:
        """The scenario of the present settings."""
        return self._build_scenario(self._page.state)

    @property
    def result(self) -> Result:
        """The answer on the page, with its proof, without another solve.

        Raises
        ------
        NothingDecided
            If no list satisfies the present settings; `error.conflict` has what clashes and the cheapest repairs.
        LimitReached
            If there was no time to find a list.
        """
        answer = self._page.trouble or self._page.last_answer
        assert answer is not None
        if self._built is None or self._built[0] is not answer:
            result = self._build_result(answer)
            assert isinstance(answer, LiveAnswer)
            self._built = answer, result
        return self._built[1]

    @property
    def variants(self) -> ExplorerVariants:
        """The variants by name: a mapping to their scenarios, with their `results`."""
        history = self._page.history
        return ExplorerVariants(
            self, {history.steps[k].name: history.steps[k].state for k in history.variants}
        )

    def set(self, changes: Mapping[str, object]) -> None:
        """Change settings by dotted path, as in `Scenario.with_`; every cell that shows the page follows.

        Raises
        ------
        UsageError
            If the page has no setting for one of them.
        ScenarioError
            If a path does not exist, or its value is wrong.

        Examples
        --------
        >>> explorer = tnt.explore(scenario)
        >>> explorer.set({"rules.plafond-departement.off": True})
        >>> explorer.result.document["n_funded"], explorer.result.proof.value
        (19, 'PROVED')
        """
        state = with_values(self._page.scenario, self._page.state, changes)
        envelope = next((path.split(".")[-2] for path in changes if path.endswith(".amount")), "")
        for reply in self._page.move_to(state, {"do": "set", "id": envelope}):
            self._show_reply(reply)

    def keep(self, name: str) -> None:
        """Keep the present settings as a variant, as the button of the page does.

        Examples
        --------
        >>> explorer = tnt.explore(scenario)
        >>> explorer.keep("as written")
        >>> explorer.variants
        <ExplorerVariants of exemple: as written>
        """
        if not name.strip():
            raise build_app_error(_("give the variant a name."))
        self._receive_event({"do": "name", "value": {"name": name}})

    def reset(self) -> None:
        """Go back to the scenario as written; variants stay.

        Examples
        --------
        >>> explorer = tnt.explore(scenario)
        >>> explorer.set({"programme.amount": "1 M€"})
        >>> explorer.reset()
        >>> explorer.scenario.sha256 == scenario.sha256
        True
        """
        self._receive_event({"do": "reset"})

    @cached_property
    def widget(self) -> PageWidget:
        """The page as an anywidget, for layouts of ipywidgets and for `mo.ui.anywidget`."""
        from tnt_sim.app.widget import PageWidget

        return PageWidget(self._page)

    def _repr_mimebundle_(self, **options: Any) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """Return the widget, and a card of the decision for notebooks that are only read."""
        data, metadata = self.widget._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self._repr_html_()}, metadata

    def _repr_html_(self) -> str:
        """Return the card of the decision, for pages that run no widget."""
        card = self.scenario if self._page.trouble is not None else self.result
        return card._repr_html_()

    def _display_(self) -> PageWidget:
        """Return what marimo shows."""
        return self.widget

    def _receive_event(self, event: Event) -> None:
        for reply in self._page.receive(event):
            self._show_reply(reply)

    def _show_reply(self, reply: Any) -> None:
        if "widget" in self.__dict__:
            self.widget.show_reply(reply)

    def _build_scenario(self, state: State) -> Scenario:
        return Scenario.from_data(apply_state(self._page.scenario, state))

    def _build_result(self, answer: LiveAnswer | LiveConflict) -> Result:
        if isinstance(answer, LiveConflict):
            _refuse_result(apply_state(self._page.scenario, answer.state), answer)
        return Result.from_data(answer.build_result())

    def _solve_state(self, state: State) -> Result:
        return self._build_result(self._page.desk.optimise_state(state))


@with_told_errors
def _refuse_result(scenario: ScenarioData, answer: LiveConflict) -> Never:
    """Say why settings have no result; the scenario is what the search for repairs takes."""
    text = _("these settings have no allocation. {sentences}", sentences=Items(answer.sentences, ""))
    if answer.stopped:
        raise LimitReached(text)
    raise NothingDecided(text)


class ExplorerVariants(Mapping[str, Scenario]):
    """The variants of an explorer at one moment: scenarios by name, the oldest first."""

    def __init__(self, explorer: Explorer, states: Mapping[str, State]) -> None:
        self._explorer, self._states = explorer, states

    def __getitem__(self, name: str) -> Scenario:
        return self._explorer._build_scenario(self._states[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def __repr__(self) -> str:
        names = ", ".join(self._states) or "none"
        words = names if len(names) <= 80 else f"{len(self)}"
        return f"<ExplorerVariants of {self._explorer._page.scenario.id}: {words}>"

    @property
    def results(self) -> dict[str, Result]:
        """Their results by name, as the page shows them.

        Raises
        ------
        NothingDecided, LimitReached
            If one of them has no list.
        """
        return {name: self._explorer._solve_state(state) for name, state in self._states.items()}

    def compare(self, *, attribute: bool = True) -> Comparison:
        """Compare the variants with the scenario as written, which comes first; see `tnt.compare`.

        Parameters
        ----------
        attribute : find the cause of each move

        Examples
        --------
        >>> explorer = tnt.explore(scenario)
        >>> explorer.set({"programme.amount": "1 M€"})
        >>> explorer.keep("one million")
        >>> [one.name for one in explorer.variants.compare().sides]
        ['exemple', 'one million']
        """
        written = self._explorer._solve_state(State())
        names = [self._explorer._page.scenario.id, *self._states]
        return compare(written, *self.results.values(), names=names, attribute=attribute)
