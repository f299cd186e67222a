"""Over-run laws of a table: known laws found again, the fragment read by a scenario, misuse told at its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support import draws

from tnt_sim.analysis.uncertainty.cost_overrun_fit import compute_normality_p_value, fit_table
from tnt_sim.cli.main import main
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.overrun_fit import render_fit_yaml
from tnt_sim.scenario.load import load_scenario

LAWS = {"commune": (1.05, 0.15, 400), "epci": (0.98, 0.08, 200), "région \u00ab 2 \u00bb": (1.2, 0.3, 12)}


def table(folder: Path, laws: dict[str, tuple[float, float, int]] = LAWS, more: str = "") -> Path:
    random = np.random.default_rng(4)
    rows = ["applicant_type;Coût prévu;Coût réalisé"]
    for name, (median, sigma, n) in laws.items():
        for cents, factor in zip(
            random.integers(10**6, 10**8, n), random.lognormal(0, sigma, n), strict=True
        ):
            rows.append(f"{name};{cents / 100:.2f};{cents / 100 * median * factor:.2f}".replace(".", ","))
    file = folder / "soldes.csv"
    file.write_text("\n".join(rows) + "\n" + more, encoding="utf-8")
    return file


def columns(by: str | None = "applicant_type") -> dict[str, str | None]:
    return {"planned": "Coût prévu", "by": by}


def test_known_laws_are_found_again(tmp_path: Path) -> None:
    found = fit_table(table(tmp_path), **columns())
    assert found.realised == "Coût réalisé"
    for name in ("commune", "epci"):
        law, (median, sigma, n) = found.laws[name], LAWS[name]
        assert law.n == n
        assert law.median_range[0] <= median <= law.median_range[1]
        assert law.sigma == pytest.approx(sigma, rel=4 / np.sqrt(2 * n))
        assert law.p_value is not None
        assert law.p_value > 0.01
    assert found.small == {"région « 2 »": 12}
    assert found.whole.n == 612


def test_spellings_of_a_kind_are_one_law(tmp_path: Path) -> None:
    """Else the scenario would hold two inputs that both change every dossier of that kind."""
    file = table(tmp_path, {"Voirie d’été": (1.1, 0.1, 60)})
    lines = file.read_text(encoding="utf-8").replace("applicant_type", "nature").splitlines()
    written = {
        k: draws.spelling(lambda some, k=k: some[k % len(some)], "Voirie d’été", 20) for k in range(1, 61)
    }
    lines[1:] = [f"{written[k]};{line.split(';', 1)[1]}" for k, line in enumerate(lines[1:], start=1)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert len(set(written.values())) > 3
    found = fit_table(file, planned="Coût prévu", by="nature")
    assert {name: law.n for name, law in found.laws.items()} == {"Voirie d’été": 60}
    assert found.small == {}
    codes = file.read_text(encoding="utf-8").replace("nature;", "code nature;")
    file.write_text(codes, encoding="utf-8")
    assert len(fit_table(file, planned="Coût prévu", by="code nature").small) > 3


def test_figures_are_those_of_scipy() -> None:
    random = np.random.default_rng(1)
    for values in (random.normal(size=60), random.exponential(size=60), random.uniform(size=200)):
        logs = np.sort(values)
        mean, sigma = float(logs.mean()), float(logs.std(ddof=1))
        p = compute_normality_p_value(logs, mean, sigma)
        drawn = stats.goodness_of_fit(stats.norm, logs, statistic="ad", n_mc_samples=999, rng=2).pvalue
        assert p == pytest.approx(drawn, abs=0.05)


def test_the_gap_is_kolmogorovs_distance(tmp_path: Path) -> None:
    file = table(tmp_path, {"commune": (1.0, 0.2, 50)})
    law = fit_table(file, **columns(None)).whole
    rows = [line.replace(",", ".").split(";") for line in file.read_text().splitlines()[1:]]
    logs = np.log([float(after) / float(before) for _, before, after in rows])
    assert law.gap == pytest.approx(stats.kstest(stats.zscore(logs, ddof=1), "norm").statistic)
    assert law.measured == pytest.approx(np.quantile(np.exp(logs), [0.05, 0.5, 0.95]))


def test_a_scenario_takes_the_fragment(tmp_path: Path) -> None:
    fragment = render_fit_yaml(fit_table(table(tmp_path), **columns()), Lang.FR)
    (tmp_path / "d.csv").write_text(
        "dossier,applicant_type,cost,requested\nA,commune,10,5\nB,epci,10,5\nC,autre,10,5\nD,,10,5\n"
    )
    head = "schema_version: 1\nid: s\nprogramme: {id: p, amount: 10 €}\ndossiers: [{file: d.csv}]\n"
    (tmp_path / "s.yaml").write_text(head + fragment, encoding="utf-8")
    from tnt_sim.analysis.uncertainty.draws import list_inputs
    from tnt_sim.scenario.problem import compile_problem

    inputs = list_inputs(compile_problem(load_scenario(tmp_path / "s.yaml")))
    assert [one.spec.id for one in inputs] == ["surcouts-commune", "surcouts-epci", "surcouts-autres"]
    assert [len(one.rows) for one in inputs] == [1, 1, 2]
    assert "moins de 30 paires : région « 2 » (12)" in fragment


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    file = table(tmp_path, more="commune;10,00;\ncommune;10,00;0\ncommune;1,00;50,00\n")
    found = fit_table(file, **columns())
    assert (found.n_open, found.n_nothing, found.laws["commune"].n_far) == (1, 1, 1)
    told = render_fit_yaml(found, Lang.FR)
    assert "`event: lapsed`" in told
    assert "1 rapport au-delà de 10" in told
    assert "LA LOI S'ÉCARTE" in told


def test_equal_amounts_have_no_law(tmp_path: Path) -> None:
    rows = "".join(f"ville;{k},00;{k},00\n" for k in range(100, 140))
    told = render_fit_yaml(fit_table(table(tmp_path, more=rows), **columns()), Lang.FR)
    assert "surcouts-ville" not in told
    assert "100\u202f% des paires ont deux fois le même montant" in told


@pytest.mark.parametrize(
    ("more", "wanted", "said"),
    [
        ("commune;dix;12,00\n", {}, "soldes.csv:614 — « Coût prévu » : « dix »"),
        ("commune;10,00;-12,00\n", {}, "soldes.csv:614 — « Coût réalisé » : « -12,00 »"),
        ("", {"by": "applicant_typ"}, "la colonne « applicant_typ » n'existe pas"),
        ("", {"realised": "solde"}, "la colonne « solde » n'existe pas"),
    ],
)
def test_misuse_is_told_at_its_place(tmp_path: Path, more: str, wanted: dict[str, str], said: str) -> None:
    with pytest.raises(DataError) as caught:
        fit_table(table(tmp_path, more=more), **{**columns(), **wanted})
    assert any(said in defect.line(Lang.FR) for defect in caught.value.defects)


def test_few_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="il en faut 30"):
        fit_table(table(tmp_path, {"commune": (1.0, 0.1, 29)}), **columns())


def test_the_command_prints_the_fragment_that_it_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ensemble", "--fit", str(table(tmp_path)), "--planned", "Coût prévu", "--by", "applicant_type"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "uncertain:\n" in told
    assert main([*words, "--out", str(tmp_path / "x.yaml")]) == 0
    assert (tmp_path / "x.yaml").read_text(encoding="utf-8") == told
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fit"]["laws"]["commune"]["n"] == 400
    assert document["yaml"] == told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "un SCENARIO à tirer, ou --fit"),
        (["s.yaml", "--fit", "x.csv"], "l'un des deux"),
        (["s.yaml", "--by", "applicant_type"], "--by demande --fit"),
        (["--fit", "x.csv", "--out", "x.html"], "un nom en .yaml"),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["ensemble", *words]) == 2
    assert said in capsys.readouterr().err
