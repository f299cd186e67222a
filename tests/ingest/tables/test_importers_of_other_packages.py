"""An importer of another package reads dossiers as those of this one do, and is refused by name if it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.example_package import check_refusal, run_python, write_example
from support.tiny_scenario import HEAD, TABLE, tiny

from tnt_sim.ingest.tables import importers


def write_lines(folder: Path) -> None:
    """The table of the tiny scenario as JSON lines, numbers as numbers; the scenario reads them."""
    header, *rows = (line.split(",") for line in TABLE.strip().split("\n"))
    objects = [
        {
            name: int(cell) if cell.isdigit() and cell[0] != "0" else cell
            for name, cell in zip(header, row, strict=True)
        }
        for row in rows
    ]
    (folder / "table.jsonl").write_text("\n".join(map(json.dumps, objects)) + "\n", encoding="utf-8")
    (folder / "lines.yaml").write_text(HEAD.replace("table.csv", "table.jsonl"), encoding="utf-8")


def test_a_scenario_on_its_file_has_the_same_list(tmp_path: Path) -> None:
    write_example(tmp_path)
    tiny(tmp_path)
    write_lines(tmp_path)
    documents = []
    for name in ("tiny", "lines"):
        done = run_python(tmp_path, ["-m", "tnt_sim", "run", f"{name}.yaml", "--json"])
        assert done.returncode == 0, done.stderr
        documents.append(json.loads(done.stdout))
        assert run_python(tmp_path, ["-m", "tnt_sim", "verify", documents[-1]["run_dir"]]).returncode == 0
    csv, lines = documents
    for key in ("status", "proof", "objective", "granted_cents", "n_funded", "inhabitants"):
        assert lines[key] == csv[key]


def test_import_reads_its_file(tmp_path: Path) -> None:
    write_example(tmp_path)
    write_lines(tmp_path)
    done = run_python(tmp_path, ["-m", "tnt_sim", "import", "table.jsonl", "--out", "clean", "--lang", "en"])
    assert done.returncode == 0, done.stderr
    file = tmp_path / "clean" / "dossiers.csv"
    assert len(file.read_text(encoding="utf-8").splitlines()) == 5


def test_its_defects_name_the_line(tmp_path: Path) -> None:
    write_example(tmp_path)
    write_lines(tmp_path)
    with (tmp_path / "table.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("[1]\n{\n")
    done = run_python(tmp_path, ["-m", "tnt_sim", "validate", "lines.yaml", "--lang", "en"])
    assert done.returncode == 3
    assert "table.jsonl:5" in done.stderr
    assert "table.jsonl:6" in done.stderr


def test_without_its_package_the_suffix_is_unknown(tmp_path: Path) -> None:
    write_lines(tmp_path)
    done = run_python(tmp_path, ["-m", "tnt_sim", "validate", "lines.yaml", "--lang", "en"])
    assert done.returncode == 3
    assert "Formats read: .csv, .xlsx, .ods, .parquet." in done.stderr


BROKEN = """
from tnt_sim.ingest.tables.importers import Importer
def read(data, shown_as, read): ...
CSV = Importer("csv", (".mine",), read)
COMMA = Importer("mine", (".csv",), read)
GRAPH = Importer("mine", (".json",), read)
UPPER = Importer("mine", (".XML",), read)
"""


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("csv", "CSV", '"csv" is a name of tnt_sim already'),
        ("mine", "CSV", 'its object is named "csv"'),
        ("mine", "COMMA", ".csv files are read already"),
        ("mine", "GRAPH", ".json files are read already"),
        ("mine", "UPPER", '".XML" is not a suffix in lower case'),
        ("mine", "read", '"broken_importer:read" is no `Importer` object'),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = importers.GROUP, name, f"broken_importer:{value}"
    check_refusal(
        importers.load_importers.__wrapped__, entry, why, tmp_path, monkeypatch, {"broken_importer": BROKEN}
    )
