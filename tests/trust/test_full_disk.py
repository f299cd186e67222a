"""Every write can fail: a full disk leaves what was there before, and says so in one sentence."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.full_disk import full_disk, picture
from support.lanes import first_of, in_lanes, seeds
from support.paths import TESTS

from tnt_sim import disk
from tnt_sim.cli.main import main
from tnt_sim.reporting.export.formats import FORMATS

FULL = {"fr": "le disque est plein", "en": "the disk is full"}
EXPORTS = [name for name in FORMATS if name != "scdl"]
"""Every format that asks for nothing more."""
SELECTION = "dossier\nE-01\nE-02\n"
BATCH = "base: ../scenario.yaml\nmatrix: {programme.amount: [1.1 M€, 1.2 M€]}\n"


@dataclass(frozen=True)
class Case:
    """A command typed in the folder of `new demo` after one run.

    `keeps` names what may stay: a store that resumes, a model that is written whole before the run begins.
    """

    words: str
    keeps: str | None = None


CASES = {
    "new": Case("new other"),
    "new-from": Case("new other --from data/dossiers.csv"),
    "run": Case("run scenario.yaml --set programme.amount=1.1M€"),
    "run-again": Case("run scenario.yaml"),
    "run-write-lp": Case("run scenario.yaml --write-lp model.lp", keeps="model.lp"),
    **{f"export-{name}": Case(f"export RUN --format {name} --force") for name in EXPORTS},
    "export-by": Case("export RUN --by department --force"),
    "report-html": Case("report RUN --out report.html --force --no-explain"),
    "report-xlsx": Case("report RUN --out report.xlsx --force --no-explain"),
    "report-notebook": Case("report RUN --notebook --force"),
    "compare": Case("compare RUN scenario.yaml --out compare.html --force"),
    "compare-xlsx": Case("compare RUN scenario.yaml --out compare.xlsx --force"),
    "audit": Case("audit scenario.yaml --selection lists/selection.csv --out audit.html --force"),
    "alternatives": Case("alternatives scenario.yaml --count 1 --out others.xlsx --force"),
    "prices": Case("rule-prices scenario.yaml --out prices.html --force"),
    "sign": Case("sign RUN --as liste-1"),
    "import": Case("import data/dossiers.csv --out cleaned"),
    "import-parquet": Case("import data/dossiers.csv --parquet --out cleaned"),
    "batch": Case("batch lists/batch.yaml --out store --executor serial", keeps="store"),
    "sweep": Case("sweep scenario.yaml --from 1.1M€ --to 1.2M€ --steps 2 --out swept", keeps="swept"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one run and an older file in each place that a command writes."""
    folder = tmp_path_factory.mktemp("made") / "demo"
    assert main(["new", str(folder)]) == 0
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    (folder / "lists").mkdir()
    (folder / "lists/selection.csv").write_text(SELECTION, encoding="utf-8")
    (folder / "lists/batch.yaml").write_text(BATCH, encoding="utf-8")
    for name in ("report.html", "report.xlsx", "compare.html", "model.lp"):
        (folder / name).write_text("older", encoding="utf-8")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "demo"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def words_of(case: Case, project: Path, lang: str = "fr") -> list[str]:
    run = next(path.name for path in (project / "runs").glob("*-*") if "-sweep-" not in path.name)
    return [*case.words.replace("RUN", f"runs/{run}").split(), "--lang", lang]


def without(files: dict[str, bytes | None], name: str | None) -> dict[str, bytes | None]:
    return {path: data for path, data in files.items() if path.split("/")[0] != name}


def resumes(case: Case, name: str, project: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With room again, the same command ends as it does where nothing failed."""
    resumed = [*words_of(case, project), *(["--resume"] if name == "sweep" else [])]
    assert main(resumed) == 0, capsys.readouterr().err
    assert picture(project).keys() == picture(copy).keys()
    if case.keeps is not None:
        place = project / case.keeps
        shutil.rmtree(place) if place.is_dir() else place.write_bytes(b"older")


@pytest.mark.parametrize("name", in_lanes(CASES, "run", "export-csv", "report-html", "sign", "import"))
def test_each_write_in_turn_finds_the_disk_full(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    with full_disk() as good:
        copy = project.parent / "copy"
        shutil.copytree(project, copy)
        os.chdir(copy)
        assert main(words_of(case, project)) == 0, capsys.readouterr().err
        os.chdir(project)
    assert good.n_writes
    for number in range(1, good.n_writes + 1):
        before, lang = picture(project), ("fr", "en")[number % 2]
        capsys.readouterr()
        with full_disk(number):
            code = main(words_of(case, project, lang))
        err = capsys.readouterr().err
        assert code == 1, (number, err)
        assert FULL[lang] in err, (number, err)
        assert "inattendue" not in err
        assert "unexpected" not in err
        assert sum("Erreur" in line or "Error" in line for line in err.splitlines()) == 1, err
        after = picture(project)
        assert [path for path in after if path.endswith((".partial", ".old", ".torn"))] == []
        assert without(after, case.keeps) == without(before, case.keeps), (number, set(after) ^ set(before))
        if case.keeps is not None and number < good.n_writes:
            resumes(case, name, project, copy, capsys)
    resumes(case, name, project, copy, capsys)


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (errno.EDQUOT, ("quota", "quota"), 1),
        (errno.EROFS, ("lecture seule", "read-only"), 2),
        (errno.EACCES, ("écriture interdite", "permission denied"), 2),
        (errno.EIO, ("le disque a signalé une erreur", "the disk reported an error"), 1),
    ],
)
def test_other_refusals_of_a_disk(
    error: int, words: tuple[str, str], code: int, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = picture(project)
    for lang, said in zip(("fr", "en"), words, strict=True):
        with full_disk(1, error):
            assert main(["run", "scenario.yaml", "--lang", lang]) == code
        assert said in capsys.readouterr().err
    assert picture(project) == before


DRIVER = """
import io, json, os, resource, signal, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tnt_sim.cli.main import main
from tnt_sim.reporting.export.formats import FORMATS
from support.full_disk import picture
from support.typed import read_catalogue_as_typed
read_catalogue_as_typed()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
words, limits = json.loads(sys.argv[1]), json.loads(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
here = Path.cwd()
told = []
for limit in limits:
    before = picture(here)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    err = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        code = main(words)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    told.append([limit, code, err.getvalue(), picture(here) == before])
print(json.dumps(told))
"""
STEPPED = ("run-again", "export-xlsx", "report-html", "sign", "import-parquet", "new", "run-write-lp")


def steps(sizes: set[int]) -> list[int]:
    """Limits around the size of each file that is written, and a few between."""
    return sorted({0, 1, *(size - 1 for size in sizes if size), *(size // 2 for size in sizes)})


def fresh(path: str, name: str, before: dict[str, bytes | None], after: dict[str, bytes | None]) -> bool:
    """Whether a file was written by the command."""
    return before.get(path) != after[path] or (name == "run-again" and path.startswith("runs/"))


@pytest.mark.parametrize("name", in_lanes(STEPPED, "new"))
def test_the_size_of_files_is_limited(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ulimit -f` below the greatest file that the command writes: the command is refused by the system itself."""
    case = CASES[name]
    before = picture(project)
    words = words_of(case, project)
    copy = project.parent / "copy"
    shutil.copytree(project, copy)
    monkeypatch.chdir(copy)
    assert main(words) == 0
    monkeypatch.chdir(project)
    after = picture(copy)
    written = [case.keeps] if case.keeps else [path for path in after if fresh(path, name, before, after)]
    sizes = {len(after[path] or b"") for path in written}
    limits = [limit for limit in steps(sizes) if limit < max(sizes)]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(words), json.dumps(limits)],
        cwd=project, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert len(told) == len(limits) >= 3
    for limit, code, err, same in told:
        assert code == 1, (limit, err)
        assert FULL["fr"] in err, (limit, err)
        assert same, limit


@pytest.mark.parametrize("size", seeds([8, 4, 16, 32], 0))
def test_a_small_disk(size: int, project: Path) -> None:
    """A disk of a few pages, mounted for this process alone."""
    place = project.parent / "mnt"
    place.mkdir()
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", f"size={size}k", "none", str(place)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs may be mounted here: the full disk was tried by the size of files alone")
    before = picture(project)
    script = (
        f"mount -t tmpfs -o size={size}k none {place}\n"
        f"{sys.executable} -c 'import sys; from tnt_sim.cli.main import main; sys.exit(main(sys.argv[1:]))'"
        f" run scenario.yaml --out {place} --quiet\n"
        f"code=$?; ls -A {place} >&2; exit $code"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    said = done.stderr.strip().splitlines()
    assert done.returncode == 1, said
    assert len(said) == 1, said
    assert FULL["fr"] in said[0]
    assert picture(project) == before


@pytest.mark.drawn
def test_what_is_shown_finds_the_disk_full(project: Path) -> None:
    """stdout is a file too: `tnt-sim … > answer.json`."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    for words in first_of(
        (["run", "scenario.yaml"], ["run", "scenario.yaml", "--json"], ["run", "--help"]), 1
    ):
        code = "import sys; from tnt_sim.cli.main import main; sys.exit(main(sys.argv[1:]))"
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [sys.executable, "-c", code, *words],
                cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                env={**os.environ, "COLUMNS": "200"},
            )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert FULL["fr"] in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_files_that_cannot_be_named_give_the_earlier_ones_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third of three files cannot have its name (open elsewhere): the two before it are as they were."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/kept").write_bytes(b"")
    before = picture(tmp_path)
    with pytest.raises(OSError, match="directory"):
        disk.put_all({tmp_path / name: b"new" for name in ("a", "b", "c")})
    assert picture(tmp_path) == before


def test_a_line_that_does_not_fit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "points"
    disk.append(file, b"one")
    with full_disk(1), pytest.raises(OSError, match="space"):
        disk.append(file, b"two, of which half is written")
    assert file.read_bytes() == b"one\n"
    file.write_bytes(b"one\nhalf of tw")  # a writer was killed
    disk.append(file, b"three")
    assert file.read_bytes() == b"one\nhalf of tw\nthree\n"


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    scrap = tmp_path / f".a.html.{int(dead.stdout)}.partial"
    scrap.write_bytes(b"half")
    other = tmp_path / f".a.html.{os.getppid()}.partial"
    other.write_bytes(b"being written")
    disk.put(tmp_path / "a.html", b"whole")
    assert not scrap.exists()
    assert other.exists()


def test_a_device_takes_the_bytes_and_keeps_its_name() -> None:
    disk.put(Path(os.devnull), b"x")
    assert not Path(os.devnull).is_file()
