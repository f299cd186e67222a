"""Words and paths that are not UTF-8 get a located refusal; no value of `--set` ends in a traceback."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from support.lanes import seeds
from support.typed import as_typed

from tnt_sim.cli.console import build_encoding_error
from tnt_sim.cli.main import main

PROGRAM = "import sys; from tnt_sim.cli.main import main; sys.exit(main(sys.argv[1:]))"
LATIN = b"caf\xe9"
N_DRAWN = 300
SEED = 18


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    assert main(["new", str(folder)]) == 0
    return folder


def refused(words: list[bytes | str], folder: Path | str | bytes, lang: str) -> str:
    command = [sys.executable, "-c", PROGRAM, *words, "--lang", lang]
    env = dict(os.environ)  # without the width that readline sets behind Python's back
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    said = as_typed(done.stderr.decode())
    assert done.returncode == 2, said
    assert len(said.strip().splitlines()) == 1, said
    return said


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names of files are text here")
@pytest.mark.parametrize(("lang", "said"), [("fr", "n'est pas en UTF-8"), ("en", "is not in UTF-8")])
def test_words_and_folders_that_are_not_utf8(demo: Path, tmp_path: Path, lang: str, said: str) -> None:
    inside = os.fsencode(tmp_path) + b"/" + LATIN
    os.mkdir(inside)
    for file in ("scenario.yaml", "tnt-sim.toml"):
        with open(inside + b"/" + os.fsencode(file), "wb") as copy:
            copy.write((demo / file).read_bytes())
    shown = "caf\\xE9"
    found = refused(["run", "scenario.yaml", "--set", b"title=" + LATIN], demo, lang)
    assert said in found
    assert f"title={shown}" in found
    assert "4" in found.split(said)[0], "which word"
    assert shown in refused(["run", inside + b"/scenario.yaml"], tmp_path, lang)
    assert shown in refused(["run", "scenario.yaml"], inside, lang)
    assert shown in refused(["new", LATIN], tmp_path, lang)
    assert shown in refused(["verify", b"runs/" + LATIN], tmp_path, lang)
    assert sorted(os.listdir(os.fsencode(tmp_path))) == [LATIN]


def test_a_name_met_later_is_refused_too() -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "runs/caf\udce9".encode()
    told = build_encoding_error(caught.value)
    assert told is not None
    assert "caf\\xE9" in told.text.en
    with pytest.raises(UnicodeEncodeError) as other:
        "é".encode("ascii")
    assert build_encoding_error(other.value) is None


_PATHS = """
title id date programme programme.id programme.amount programme.envelopes envelopes.numerique.amount rules a.b.c
rules.part-communes.min rules.part-communes.off rules.part-communes.where solver.time_limit solver.backend extends
dossiers.0.file locale timezone objective.0.maximise territory.year schema_version grants.0.mode committed_from
reference eligibility.0.require
"""
_WORDS = r"""
0 -1 1e400 1e-400 nan .inf -.inf NO 0x1F 1_000 € é ~ * ' " | > # --- ... null true @x %s =cmd() /dev/zero 24:61 {}
../../../etc/passwd file:///etc/passwd C:\x \\host\share *missing !!python/object:os.system 2026-02-30 9999-12-31
0000-00-00 12,5,5 {any:[{}]} {min:1,max:0} [[],{}] [1,2 {a:1,a:2} <script> "\ud800" "\0" "\x" 😀 ﬀ İ Ａ
"""
_PHRASES = (
    """1.5 M€;10 %;-5 %;&a [*a];&a [x, *a];!!binary x;!!int x;- ;? x;<<: x;a: b: c;%YAML 9;{not: };1 k€ """
)
_MARKS = "\n\t\r\u202e\0\a\x1b\ufeff\u2028\ud800\udfff\u0301"
PATHS = _PATHS.split()
PIECES = [*_WORDS.split(), *_PHRASES.split(";"), *_MARKS, "9" * 400, "x" * 70_000, "[" * 3000, "{a: " * 500]
_LEVELS = [
    f"&{name} [{','.join(['*' + last] * 9)}]" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
]
BOMB = f"[&a [{','.join('x' * 9)}], {', '.join(_LEVELS)}]"


def drawn(count: int, seed: int) -> list[str]:
    """Values for `--set` as a careless or a hostile hand would type them."""
    rng = random.Random(seed)
    found = [f"title={BOMB}", BOMB, "=", "==", "", "title", f"programme.amount={BOMB}"]
    while len(found) < count:
        value = "".join(rng.choice(PIECES) for _ in range(rng.choice((1, 1, 1, 2, 3))))
        if rng.random() < 0.2:
            value += "".join(chr(rng.randrange(0x11_0000)) for _ in range(rng.randrange(1, 8)))
        path = rng.choice(PATHS)
        if rng.random() < 0.15:
            path += rng.choice(PIECES)[:200]
        found.append(path + rng.choice(("=", "=", "=", "=", "", "==")) + value)
    return found[:count]


@pytest.mark.parametrize("start", seeds(range(0, N_DRAWN, 50), 1))
def test_drawn_values_of_set(start: int, demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is taken or refused with its place; nothing is a failure of the program."""
    for text in drawn(N_DRAWN, SEED)[start : start + 50]:
        code = main(["validate", str(demo / "scenario.yaml"), f"--set={text}", "--quiet"])
        err = capsys.readouterr().err
        assert code in (0, 2, 3, 4), (text[:200], err[:500])
        assert "panne inattendue" not in err, (text[:200], err[:500])
        assert "Traceback" not in err, text[:200]
        assert (code == 0) or err.startswith("Erreur"), (text[:200], err[:500])
