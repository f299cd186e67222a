"""The positions of a slider are what `run` gives at each amount, to the cent, and say what cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.run_folders.awkward_run import TABLE, make_run

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.solve import solve
from tnt_sim.errors import UsageError, VerificationError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.decision_page.slider_positions import compute_slider
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.input_files import find_kept_folder


def test_each_position_is_the_run_at_that_amount(tmp_path: Path) -> None:
    run = open_stored(make_run(tmp_path))
    slider = compute_slider(run, "p", "9 000 €", "12 000 €", 4)
    assert [one.amount_cents for one in slider.positions] == [900_000, 1_000_000, 1_100_000, 1_200_000]
    for position in slider.positions:
        amount = f"{position.amount_cents // 100} €"
        sets = (f"programme.amount={amount}",) if position.amount_cents != 900_000 else ()
        again = solve(load_scenario(tmp_path / "s.yaml", sets), cross_check="never")
        assert position.document is not None
        if sets:
            assert position.document.allocation_sha256 == again.document["allocation_sha256"]
            assert position.granted_cents.tolist() == again.dossiers["granted_cents"].to_list()
            assert list(position.codes) == [code or "" for code in again.dossiers["reason_code"].to_list()]
        assert position.document.proof in ("PROVED", "CROSS_CHECKED", "FEASIBLE_GAP")


def test_an_amount_that_contradicts_the_scenario_says_so(tmp_path: Path) -> None:
    run = open_stored(make_run(tmp_path))
    slider = compute_slider(run, "p", "50 %", "100 %", 3)
    assert [one.document is None for one in slider.positions] == [True, True, False]
    assert "font" in slider.positions[0].why.fr
    page = render_report_html(run, PageOptions(Lang.EN, slider))
    assert slider.positions[0].why.en in page.replace("&#34;", '"').replace("&#39;", "'")


def test_sliders_that_cannot_be(tmp_path: Path) -> None:
    run = open_stored(make_run(tmp_path))
    for start, stop, n in (("100 %", "90 %", 5), ("90 %", "110 %", 1), ("90 %", "110 %", 500)):
        with pytest.raises(UsageError, match="curseur"):
            compute_slider(run, "p", start, stop, n)
    with pytest.raises(UsageError, match="n'existe pas"):
        compute_slider(run, "nope")
    (tmp_path / "table.csv").write_text(TABLE.replace("Bourg", "Ville"), encoding="utf-8")
    hashes = [
        [
            (one.document.scenario_sha256, one.document.allocation_sha256)
            for one in slider.positions
            if one.document
        ]
        for slider in (compute_slider(of, "p", n_steps=2) for of in (run, open_stored(run.folder)))
    ]
    assert len(hashes[0]) == 2
    assert hashes[0] == hashes[1], "the table that the run kept is read"
    with pytest.raises(VerificationError, match="a changé"):
        compute_slider(open_stored(run.folder, tmp_path), "p")
    shutil.rmtree(find_kept_folder(run.folder))
    with pytest.raises(VerificationError, match="a changé"):
        compute_slider(open_stored(run.folder), "p")
