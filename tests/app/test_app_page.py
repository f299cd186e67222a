"""The page as a conversation: each answer against the engine's, each trouble with its way out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import escape, unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.lanes import seeds

from tnt_sim.app.live_answers import QUICK, AnswerSuperseded, LiveAnswer, LiveAnswers
from tnt_sim.app.page import Page
from tnt_sim.app.page_settings import list_unit_marks
from tnt_sim.app.page_state import State, decode
from tnt_sim.app.page_text import PAGE, SHARES
from tnt_sim.app.panels.result_panels import MOST_MOVES
from tnt_sim.cli.main import main
from tnt_sim.deadline import Cancellation
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import LimitReached
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.i18n.numbers import format_integer, format_short_amount
from tnt_sim.scenario.load import load_scenario, with_changes
from tnt_sim.scenario.scenario import ScenarioData

Talk = Callable[..., Mapping[str, Any]]


def funded(table: pl.DataFrame) -> set[str]:
    return set(table.filter("funded")["dossier"])


def shown(page: Page) -> set[str]:
    assert page.last_answer is not None
    table = page.last_answer.problem.case.table
    return set(table.filter(pl.Series(page.last_answer.allocation.funded))["dossier"])


def test_the_page_counts_the_rows_of_the_proof_as_a_run_does(
    page: Page, say: Talk, scenario: ScenarioData
) -> None:
    said = say("amount", id="mobilites", value="8000000")
    assert page.last_answer is not None
    assert page.last_answer.rows.read
    assert dump_document(page.last_answer.rows) == solve(scenario).document["proof_rows"]
    assert "code indépendant" not in said["parts"]["totals"]


def test_a_slider_gives_what_the_engine_gives(page: Page, say: Talk, scenario: ScenarioData) -> None:
    before = solve(scenario)
    assert shown(page) == funded(before.dossiers)
    say("share", value="free")
    said = say("amount", id="mobilites", value="8000000")
    changes = {"programme": {"amount": "880 k€", "envelopes": [{"id": "mobilites", "amount": "80 k€"}]}}
    after = solve(with_changes(scenario, changes))
    assert shown(page) == funded(after.dossiers)
    assert said["kind"] == "good"
    assert said["said"].startswith("Prouvé, en ")
    band = said["parts"]["band"]
    assert format_short_amount(after.document["granted_cents"], Lang.FR) in band
    assert format_integer(after.document["n_funded"], Lang.FR) in band
    entered = funded(after.dossiers) - funded(before.dossiers)
    left = funded(before.dossiers) - funded(after.dossiers)
    assert left
    moves = said["parts"]["moves"]
    named = set(re.findall(r"<strong>(.*?)</strong>", moves))
    assert named <= entered | left
    assert len(named) == min(MOST_MOVES, len(entered)) + min(MOST_MOVES, len(left))
    assert decode(said["address"])[0].amounts == {"mobilites": 8_000_000, "programme": 88_000_000}


def test_the_list_shows_what_was_asked(page: Page, say: Talk, scenario: ScenarioData) -> None:
    before = funded(solve(scenario).dossiers)
    say("amount", id="programme", value="90000000")
    rows = say("show", value="leave")["parts"]["list"]
    assert rows.count('<tr role="row" class="moved">') == len(before - shown(page)) > 0
    assert "sort" in rows
    found = say("show", value="")["parts"]["list"]
    assert "24 dossiers" in found
    one = say("search", value="MEDIATHEQUES reseau")["parts"]["list"]
    assert "1 dossier," in one
    assert "E-10" in one
    none = say("search", value="zzz")["parts"]["list"]
    assert "<table" not in none
    say("search", value="")
    ain = say("department", value="01")["parts"]["list"]
    assert set(scenario.portfolio.table.filter(pl.col("department") == "01")["dossier"]) == {
        part.split("<")[0] for part in ain.split('data-label="Numéro">')[1:]
    }


def test_dragging_is_one_change(page: Page, say: Talk) -> None:
    start = page.last_answer
    for cents in (45_000_000, 50_000_000, 55_000_000):
        assert say("amount", id="mobilites", value=str(cents), soft=True)["soft"] is True
    said = say("amount", id="mobilites", value="55000000")
    assert page.last is start
    assert said["soft"] is False
    say("rule", id="plafond-departement", value=False)
    assert page.last is not start


def test_forcing_in_and_out(page: Page, say: Talk, force: Talk) -> None:
    assert "E-12" not in shown(page)
    said = force("E-12")
    assert "E-12" in shown(page)
    assert "arbitrage du préfet" in said["parts"]["forced"]
    assert "Retenu par décision" in say("search", value="E-12")["parts"]["list"]
    force("E-01", "out", "  deux\n lignes ")
    assert "E-01" not in shown(page)
    assert page.state.forced["E-01"].reason == "deux lignes"
    said = say("free", id="E-12")
    assert list(page.state.forced) == ["E-01"]
    say("reset")
    assert page.state.changes_nothing
    assert shown(page) == shown(page)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"dossier": "E-99", "side": "in", "reason": "x"}, "« E-99 » n'existe pas"),
        ({"dossier": "E-1", "side": "in", "reason": "x"}, "Vouliez-vous dire « E-"),
        ({"dossier": "E-12", "side": "in", "reason": "  "}, "motif"),
    ],
)
def test_decisions_that_cannot_be(page: Page, say: Talk, event: Mapping[str, str], words: str) -> None:
    said = say("force", value=event)
    assert said["kind"] == "bad"
    assert words in said["said"]
    assert page.state.changes_nothing


def test_what_is_not_eligible_says_what_to_do(page: Page, say: Talk, force: Talk) -> None:
    before = page.last_answer
    said = force("E-13")
    assert said["kind"] == "bad"
    assert "n&#39;est pas éligible" in said["parts"]["trouble"]
    assert 'class="strip stale"' in said["parts"]["band"]
    assert page.last_answer is before
    assert "out" not in said["address"]
    said = say("back")
    assert said["parts"]["trouble"] == ""
    assert page.state.changes_nothing


def impossible(force: Talk) -> Mapping[str, Any]:
    """Decisions that leave the communes less than their 40 %."""
    said: Mapping[str, Any] = {}
    for name in ("E-03", "E-04", "E-07", "E-09", "E-12"):
        said = force(name)
    return said


def test_an_impossible_setting_answers_with_the_conflict_and_repairs(
    page: Page, say: Talk, force: Talk
) -> None:
    said = impossible(force)
    trouble = said["parts"]["trouble"]
    assert "Aucune répartition ne respecte" in trouble
    assert "Ce qui se contredit" in trouble
    assert "part-communes" in trouble
    assert "Ce qui suffirait" in trouble
    assert page.last_answer is not None
    (first, *_) = re.findall(r'data-do="repair" data-id="0" data-value="(.*?)"', trouble, re.DOTALL)
    assert say("repair", id="0", value="rules.autre.off=true")["kind"] == "bad"
    assert page.trouble is not None
    said = say("repair", id="0", value=unescape(first))
    assert said["kind"] == "good"
    assert page.trouble is None
    assert said["parts"]["trouble"] == ""
    assert page.last_answer.state.settings == page.state.settings


def test_each_step_back_is_held_against_the_one_before(page: Page, say: Talk) -> None:
    for cents in ("100000000", "110000000"):
        before = page.last_answer
        say("address", value=f"a.programme={cents}")
        assert page.last_answer is not before
        assert page.last is before


def test_a_movement_that_begins_with_a_clash_is_held_against_what_stood(page: Page, say: Talk) -> None:
    say("share", value="free")
    say("amount", id="programme", value="110000000")
    stood = page.last_answer
    say("amount", id="programme", value="90000000", soft=True)
    assert page.trouble is not None
    say("amount", id="programme", value="100000000", soft=True)
    assert page.last_answer is not stood
    assert page.last is stood


def test_an_address_that_brings_no_list_leaves_the_settings_alone(page: Page, say: Talk) -> None:
    said = say("address", value="s.rules.x.fund=%5Boops")
    assert page.state.changes_nothing
    assert said["kind"] != "good"
    assert say("amount", id="mobilites", value="8000000")["kind"] == "good"


def test_an_address_brings_everything_back(
    page: Page, say: Talk, force: Talk, scenario: ScenarioData
) -> None:
    say("amount", id="programme", value="150000000")
    say("weight", id="0.dossiers", value="2,5")
    force("E-24")
    last = say("show", value="funded")
    other = Page(scenario, Lang.EN)
    replies = list(other.receive({"do": "address", "value": last["address"]}))
    assert other.state == page.state
    assert shown(other) == shown(page)
    assert replies[-1].document["values"]["weight-0-1"] == {"value": "2.5"}
    assert other.state.show == "funded"


def test_a_strange_address_is_told(page: Page, say: Talk) -> None:
    said = say("address", value="a.mobilites=1&a.mobilite=5&x=1")
    assert said["kind"] in ("note", "bad")
    assert "mobilites" in said["said"]
    assert "x=1" in said["said"]


@pytest.mark.parametrize(
    "event",
    seeds([{"do": "nothing"}, {"do": "amount", "id": "mobilites", "value": "abc"}, {"do": "repair", "id": "7"}, {},
     {"do": "show", "value": "x"}, {"do": "share", "value": "x"}, {"do": "force", "value": "x"},
     {"do": "save", "value": {}},
     {"do": "amount", "id": "inconnue", "value": "1"}, {"do": "weight", "id": "0.score", "value": "x"},
     {"do": "box", "id": "mobilites", "value": "beaucoup"}], 4),
)  # fmt: skip
def test_no_event_of_a_browser_is_a_failure(page: Page, event: Mapping[str, Any]) -> None:
    replies = list(page.receive(event))
    assert replies[-1].document["done"]
    assert replies[-1].document["kind"] == "bad"
    assert page.state.changes_nothing


def test_save_and_compare(page: Page, say: Talk, force: Talk, file: Path) -> None:
    force("E-24")
    said = say("save", value={"name": "Avec la métropole"})
    assert "avec-la-metropole.yaml" in said["said"]
    assert "avec-la-metropole.yaml" in said["parts"]["saved"]
    assert load_scenario(file.with_name("avec-la-metropole.yaml")).title == "Avec la métropole"
    assert say("save", value={"name": "Avec la métropole"})["kind"] == "bad"
    say("reset")
    html = say("compare", value={"file": "avec-la-metropole.yaml"})["parts"]["comparison"]
    assert "E-24" in html
    assert "Qui bouge" in html
    assert say("compare", value={"file": "../../etc/passwd"})["kind"] == "bad"
    force("E-13")
    assert page.trouble is not None
    assert "rien à comparer" in say("compare", value={"file": "avec-la-metropole.yaml"})["said"]
    assert "rien à exporter" in say("export")["said"]


def test_the_workbook_is_that_of_a_run(page: Page, say: Talk, file: Path) -> None:
    say("amount", id="mobilites", value="55000000")
    said = say("export")
    assert said["download"]["name"].endswith(".xlsx")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(said["data"])).namelist()
    (run,) = (file.parent / "runs").glob("*-*")
    assert run.name in said["said"]
    assert main(["verify", str(run), "--quiet"]) == 0


def test_a_rule_weight_and_share_move_the_answer(page: Page, say: Talk) -> None:
    first = shown(page)
    say("rule", id="plafond-departement", value=False)
    say("rule", id="part-communes", value=False)
    assert page.state.rules == {"plafond-departement": False, "part-communes": False}
    assert shown(page) != first
    say("rule", id="plafond-departement", value=True)
    say("rule", id="part-communes", value=True)
    assert page.state.changes_nothing
    assert shown(page) == first
    say("weight", id="0.score", value="0")
    say("weight", id="0.dossiers", value="1")
    assert len(shown(page)) >= len(first)
    say("share", value="free")
    assert page.state.share == "free"


def test_a_scenario_impossible_as_written_opens(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("amount: 400 k€}", "amount: 900 k€}")
    file.write_text(text, encoding="utf-8")
    page = Page(load_scenario(file), Lang.FR)
    assert page.last_answer is None
    assert "L&#39;enveloppe « Programme d&#39;exemple » n&#39;a que" in page.frame
    assert "Faire des parts de « Programme d&#39;exemple » des plafonds" in page.frame
    assert "ne vont pas ensemble" in page.frame
    replies = list(page.receive({"do": "box", "id": "mobilites", "value": "300"}))
    assert page.state.amounts == {"mobilites": 30_000_000}
    assert replies[-1].document["kind"] == "good"
    parts = {name: html for reply in replies for name, html in reply.document["parts"].items()}
    assert "<svg" in parts["map"]
    assert "Le scénario écrit n&#39;a pas de répartition" in parts["moves"]


def test_texts_of_dossiers_are_no_markup(file: Path) -> None:
    table = file.parent / "data" / "dossiers.csv"
    text = table.read_text(encoding="utf-8").replace("Signalement de voirie", "<script>alert(1)</script><b>")
    table.write_text(text, encoding="utf-8")
    page = Page(load_scenario(file), Lang.FR)
    assert "<script" not in page.frame
    assert "&lt;script&gt;" in page.frame
    replies = list(
        page.receive({"do": "force", "value": {"dossier": "E-02", "side": "in", "reason": "<img src=x>"}})
    )
    assert "<img" not in str(replies[-1].document["parts"])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_repair_of_a_small_programme_gives_a_list(page: Page, say: Talk, place: int) -> None:
    """The first lets the parts promise more than the whole: a key of the programme, not an amount."""
    say("share", value="free")
    say("box", id="programme", value="100")
    assert page.conflict is not None
    lines = page.conflict.repairs[place].set
    assert lines
    assert (lines[0] == "programme.overbooked=true") is (place == 0)
    say("repair", id=place, value="\n".join(lines))
    assert page.trouble is None
    assert decode(say("search", value="")["address"]) == (page.state, [])


def test_steps_are_decided_whole(file: Path) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write("steps:\n  - {id: t1, date: 2026-01-31}\n  - {id: t2, date: 2026-03-31}\n")
    scenario = load_scenario(file)
    page = Page(scenario, Lang.FR)
    assert shown(page) == funded(solve(scenario).dossiers)


def test_steps_are_cancelled_too(file: Path) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write("steps:\n  - {id: t1, date: 2026-01-31}\n  - {id: t2, date: 2026-03-31}\n")
    page = Page(load_scenario(file), Lang.FR)

    class Impatient(Cancellation):
        """Cancels itself when the time has been read some times, as a newer setting would."""

        n_readings = 0

        @property
        def is_cancelled(self) -> bool:
            self.n_readings += 1
            return self.n_readings > 5

        @is_cancelled.setter
        def is_cancelled(self, _: bool) -> None:
            pass

    switch = Impatient()
    with pytest.raises(AnswerSuperseded):
        page.desk.optimise_state(State(rules={"plafond-departement": False}), QUICK, switch)
    assert switch.n_readings > 5


def test_a_setting_that_is_passed_over_is_not_computed(
    page: Page, say: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Cancellation()
    stop.cancel()
    monkeypatch.setattr(page.desk, "_solve_state", lambda *_: pytest.fail("computed for nobody"))
    (reply,) = page.receive({"do": "rule", "id": "plafond-departement", "value": False}, stop)
    assert reply.document == {"parts": {}, "done": True}


@pytest.mark.parametrize(("lang", "marks"), [(Lang.FR, ("", "k€")), (Lang.EN, ("€", "k"))])
def test_a_box_stands_in_its_unit_as_amounts_are_written(
    scenario: ScenarioData, lang: Lang, marks: tuple[str, str]
) -> None:
    page = Page(scenario, lang)
    assert list_unit_marks(page.axes, lang) == marks
    box = re.search(r'<span class="boxed">(.*?)<input[^>]*aria-label="([^"]*)"[^>]*>(.*?)</div>', page.frame)
    assert box is not None
    told = [re.sub("<[^>]*>", "", part) for part in box.groups()]
    assert (told[0], told[2]) == marks
    assert told[1].endswith(f"({''.join(marks)})")


def test_english_holds_no_french(scenario: ScenarioData) -> None:
    english = Page(scenario, Lang.EN)
    for phrase in (*PAGE.values(), *SHARES.values()):
        if phrase.fr not in phrase.en and len(phrase.fr) > 12:
            assert escape(phrase.fr) not in english.frame
    (said,) = english.receive({"do": "rule", "id": "plafond-departement", "value": False})
    assert said.document["said"].startswith("Proven, in ")
    assert "rant" in said.document["parts"]["moves"]


def test_what_is_not_proven_says_so_and_may_ask_for_longer(
    page: Page, say: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer: list[bool] = []
    plain = page.desk._compute_answer

    def unproven(request: Any, search_seconds: float | None) -> Any:
        longer.append(request.deadline.seconds_left > QUICK)
        found = plain(request, search_seconds)
        assert isinstance(found, LiveAnswer)
        return found if longer[-1] else replace(found, proof=Proof.FEASIBLE_GAP, status=Status.FEASIBLE)

    monkeypatch.setattr(page.desk, "_compute_answer", unproven)
    said = say("rule", id="plafond-departement", value=False)
    assert said["kind"] == "note"
    assert said["said"].startswith("Non prouvé")
    assert "rien ne prouve" in said["parts"]["totals"]
    assert 'data-do="longer"' in said["parts"]["totals"]
    said = say("longer")
    assert said["kind"] == "good"
    assert "longer" not in said["parts"]["totals"]
    assert longer == [False, False, True], "at once, quick, and longer on request"


def test_no_time_is_no_impossibility(page: Page, say: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = page.last_answer

    def stopped(*_: object, **__: object) -> Any:
        raise LimitReached(Bilingual("x", "x"))

    monkeypatch.setattr(page.desk, "_solve_state", stopped)
    said = say("rule", id="plafond-departement", value=False)
    assert "rien ne dit que c&#39;est impossible" in said["parts"]["trouble"]
    assert 'data-do="longer"' in said["parts"]["trouble"]
    assert page.last_answer is before


def test_a_failure_of_the_program_ends_the_waiting(
    scenario: ScenarioData, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("anywidget")
    from tnt_sim.app.widget import PageWidget

    page = Page(scenario, Lang.FR)
    widget = PageWidget(page)
    sent: list[Mapping[str, Any]] = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))
    monkeypatch.setattr(page.desk, "generate_answers", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        widget._receive_event(widget, {"do": "rule", "id": "plafond-departement", "value": False}, [])
    assert sent[-1]["done"]
    assert "Panne inattendue (ZeroDivisionError" in sent[-1]["said"]


def test_a_superseded_setting_is_kept_and_answered_by_the_next_event(page: Page, say: Talk) -> None:
    before, stop = page.last_answer, Cancellation()
    stop.cancel()
    (reply,) = page.receive({"do": "rule", "id": "plafond-departement", "value": False}, stop)
    assert reply.document == {"parts": {}, "done": True}
    assert page.last_answer is before
    said = say("search", value="")
    assert page.state.rules == {"plafond-departement": False}
    assert said["kind"] == "good"
    assert page.last_answer is not before
    assert page.last is before


@pytest.mark.parametrize(
    "event",
    [
        {"do": "box", "id": "mobilites", "value": "no amount"},
        {"do": "compare", "value": {"file": "none.yaml"}},
    ],
)
def test_a_refused_event_leaves_no_cancelled_setting_unanswered(
    page: Page, say: Talk, event: dict[str, Any]
) -> None:
    before, stop = page.last_answer, Cancellation()
    stop.cancel()
    list(page.receive({"do": "rule", "id": "plafond-departement", "value": False}, stop))
    said = say(**event)
    assert said["kind"] == "bad"
    assert page.last_answer is not None
    assert page.last_answer is not before
    assert page.last_answer.state.settings == page.state.settings
    assert page.last is before
    assert "totals" in said["parts"]


def test_pages_share_answers_and_no_setting(page: Page, scenario: ScenarioData) -> None:
    one, other = page.open_again(), page.open_again()
    for one_page in (one, other):
        list(one_page.receive({"do": "box", "id": "mobilites", "value": "80"}))
    assert one.last_answer is not None
    assert other.last_answer is not None
    assert one.last_answer.allocation is other.last_answer.allocation
    list(other.receive({"do": "reset"}))
    assert other.state == State()
    assert one.state.amounts
    assert page.state == State()
    alone = Page(scenario, Lang.FR)
    list(alone.receive({"do": "box", "id": "mobilites", "value": "80"}))
    assert shown(alone) == shown(one)


def test_several_threads_get_the_answer_of_one(page: Page, scenario: ScenarioData) -> None:
    cents = [40_000_000 + 3_000_000 * k for k in range(6)]
    states = [State(amounts={"mobilites": amount, "programme": 80_000_000 + amount}) for amount in cents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(page.desk.optimise_state, states))
    for state, found in zip(states, together, strict=True):
        alone = LiveAnswers(scenario).optimise_state(state)
        assert isinstance(alone, LiveAnswer)
        assert isinstance(found, LiveAnswer)
        assert (found.allocation.granted_cents == alone.allocation.granted_cents).all()
