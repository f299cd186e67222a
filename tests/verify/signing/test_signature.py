"""A list is signed with a key and dated: whoever has the public key sees each change, and openssl agrees."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.keys import NOON, Authority, rsa_key, write_key
from support.lanes import seeds
from support.paths import ROOT, TESTS
from support.programs import needs

from tnt_sim.cli.main import main
from tnt_sim.errors import DataError
from tnt_sim.scenario.decision_register import hash_file, summarise_state
from tnt_sim.verify.run_files import serialise_document
from tnt_sim.verify.signing.keys import read_certificate, read_public_key, read_signing_key

DOCS = ROOT / "docs"
TABLE = """\
dossier,title,envelope,cost,requested,score,state
A,Un,p,100,100,9,en_instruction
B,Deux,p,100,100,8,en_instruction
C,Trois,p,100,100,7,en_instruction
"""
SCENARIO = """\
schema_version: 1
id: list
date: 2026-03-31
programme: {id: p, amount: 200 €}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
"""
ENTRY = Path("registre/liste-1")
SEAL, SIGNATURE = ENTRY / "signature.ed25519", ENTRY / "signature.json"
Said = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a signed list, its key, and a key of somebody else."""
    folder = tmp_path_factory.mktemp("signed") / "project"
    folder.mkdir()
    (folder / "tnt-sim.toml").touch()
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    write_key(folder / "cle")
    write_key(folder / "autre")
    assert main(["run", str(folder / "s.yaml"), "--quiet"]) == 0
    (run,) = (folder / "runs").glob("*-*")
    words = ["sign", str(run), "--as", "liste-1", "--signing-key", str(folder / "cle"), "--quiet"]
    assert main(words) == 0
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def tnt(project: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """A command with `--json`: its code, its document, its errors."""

    def said(*words: str | Path) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = main([*(str(word) for word in words), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return said


def run_of(project: Path) -> Path:
    (run,) = (project / "runs").glob("*-*")
    return run


@pytest.mark.parametrize("pem", [False, True])
def test_signed_and_checked(pem: bool, tnt: Said, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree("registre")
    write_key(project / "k", pem=pem)
    run = run_of(project)
    code, document, _ = tnt("sign", run, "--as", "liste-1", "--signing-key", "k")
    own = document["signing_key"]
    assert (code, own[:7]) == (0, "SHA256:")
    for folder in (ENTRY, run):
        code, document, err = tnt("verify", folder, "--public-key", "k.pub")
        assert (code, err) == (0, "")
        assert document["signature"] == {
            "status": "checked",
            "entry": "liste-1",
            "key": own,
            "time_stamps": [],
        }
        assert tnt("verify", folder)[1]["signature"]["status"] == "not_checked"
    assert main(["verify", str(run), "--public-key", "k.pub", "--lang", "en"]) == 0
    assert f'Signature of "liste-1": checked with this key ({own}).' in capsys.readouterr().out
    assert main(["verify", str(ENTRY)]) == 0
    assert "Signature de « liste-1 » : non vérifiée." in " ".join(capsys.readouterr().out.split())


def test_an_amendment_and_the_next_list_are_signed_too(tnt: Said, project: Path) -> None:
    Path("retraits.csv").write_text("dossier;granted\nB;0\n", encoding="utf-8")
    assert tnt("sign", "--amend", "retraits.csv", "--as", "avenant-1", "--signing-key", "cle")[0] == 0
    manifest = Path("registre/avenant-1/signature.json").read_bytes()
    import base64

    line = Path("registre/avenant-1/signature.ed25519").read_text("ascii").splitlines()[1]
    read_public_key(Path("cle.pub")).verify(base64.b64decode(line), manifest)
    Path("s.yaml").write_text(SCENARIO + "committed_from: registre/\n", encoding="utf-8")
    _, document, _ = tnt("run", "s.yaml")
    assert tnt("sign", document["run_dir"], "--as", "liste-2", "--signing-key", "cle")[0] == 0
    assert tnt("verify", document["run_dir"], "--public-key", "cle.pub")[1]["signature"]["entry"] == "liste-2"


@pytest.fixture
def amended(project: Path) -> Path:
    """An amendment of the signed list, signed with the same key."""
    Path("retraits.csv").write_text(
        "dossier;granted;motif\nB;0;retrait\nA;99,50;moins cher\n", encoding="utf-8"
    )
    words = ["sign", "--amend", "retraits.csv", "--as", "avenant-1", "--signing-key", "cle", "--quiet"]
    assert main(words) == 0
    return Path("registre/avenant-1")


def test_an_amendment_is_checked_as_a_list_is(
    tnt: Said, amended: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, err = tnt("verify", amended, "--public-key", "cle.pub")
    assert (code, err, document["status"]) == (0, "", "verified")
    assert document["signature"]["status"] == "checked"
    assert (document["kind"], document["freed_cents"], document["granted_cents"]) == (
        "amendment",
        10_050,
        9_950,
    )
    assert [document[key] for key in ("rules", "optimal", "first")] == ["none"] * 3
    code, document, err = tnt("verify", amended, "--public-key", "autre.pub")
    assert (code, document["status"], document["signature"]["status"]) == (1, "refused", "mismatch")
    assert "la signature ne correspond pas" in err
    assert tnt("verify", amended)[1]["signature"]["status"] == "not_checked"
    for lang, told in (("fr", "100,50 € libérés depuis « liste-1 », 99,50 € restent engagés"),
                       ("en", '€100.50 freed since "liste-1", €99.50 stay committed')):  # fmt: skip
        assert main(["verify", str(amended), "--public-key", "cle.pub", "--lang", lang]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert f"avenant-1{' : ' if lang == 'fr' else ': '}{told}" in out
        assert "SHA256:" in out
    (amended / "signature.ed25519").unlink()
    assert tnt("verify", amended)[0] == 0
    assert tnt("verify", amended, "--public-key", "cle.pub")[0] == 1
    for option in ("--solve", "--require-proof"):
        assert tnt("verify", amended, option)[0] == 2


def test_an_amendment_is_dated_too(tnt: Said, amended: Path, project: Path) -> None:
    authority = Authority("ec")
    authority.write(project / "tsa.pem")
    (amended / "a.tsr").write_bytes(authority.reply((amended / "signature.json").read_bytes()))
    code, document, err = tnt("verify", amended, "--public-key", "cle.pub", "--tsa-cert", "tsa.pem")
    assert (code, err) == (0, "")
    assert [stamp["status"] for stamp in document["signature"]["time_stamps"]] == ["checked"]


def test_an_amendment_in_a_workbook_is_kept_under_its_own_suffix(tnt: Said, project: Path) -> None:
    pl.DataFrame({"dossier": ["B"], "granted": [0]}).write_excel("retraits.xlsx")
    assert tnt("sign", "--amend", "retraits.xlsx", "--as", "avenant-1")[0] == 0
    assert Path("registre/avenant-1/avenants.xlsx").read_bytes() == Path("retraits.xlsx").read_bytes()
    assert tnt("verify", "registre/avenant-1")[1]["freed_cents"] == 10_000


def refitted(entry: Path, **words: Any) -> None:
    """What a forger does next: the hashes and the totals of an entry made to fit, and no signature."""
    held = dict(line.split(",") for line in (entry / "engagements.csv").read_text("utf-8").splitlines()[1:])
    state = {name: round(float(amount) * 100) for name, amount in held.items()}
    manifest = json.loads((entry / "signature.json").read_text("utf-8"))
    manifest |= {**summarise_state(state), **words}
    manifest["files"] = {name: hash_file(entry / name) for name in manifest["files"]}
    (entry / "signature.json").write_text(serialise_document(manifest), encoding="utf-8")
    (entry / "signature.ed25519").unlink(missing_ok=True)


FORGED = {
    "raised": ("A,99.50", "A,900.00", {"freed_cents": -70_000}),
    "lowered otherwise": ("A,99.50", "A,1.00", {"freed_cents": 19_900}),
    "another dossier": ("A,99.50", "A,99.50\nZ,5.00", {"freed_cents": 9_550}),
    "back again": ("B,0.00", "B,100.00", {"freed_cents": 50}),
    "left out": ("B,0.00\n", "", {"freed_cents": 10_050}),
    "freed": ("A", "A", {"freed_cents": 1}),
    "a list": ("A", "A", {"kind": "list"}),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_amendment_forged_with_hashes_that_fit(name: str, tnt: Said, amended: Path) -> None:
    one, other, words = FORGED[name]
    file = amended / "engagements.csv"
    file.write_text(file.read_text("utf-8").replace(one, other), encoding="utf-8")
    refitted(amended, **words)
    code, document, err = tnt("verify", amended)
    assert (code, document["status"]) == (1, "refused"), err
    assert "Traceback" not in err
    if name in (
        "raised",
        "another dossier",
        "left out",
        "a list",
    ):  # what speaks against it without its table
        Path("s.yaml").write_text(SCENARIO + "committed_from: registre/\n", encoding="utf-8")
        code, _, err = tnt("run", "s.yaml")
        assert (code, "registre/avenant-1/" in err and "(register)" in err) == (3, True), err


def test_a_list_whose_commitments_are_not_its_grants(tnt: Said, project: Path) -> None:
    """`engagements.csv` and every hash made to fit: the next scenario would have committed 1,000 € to A."""
    file = ENTRY / "engagements.csv"
    file.write_text(file.read_text("utf-8").replace("A,100.00", "A,1000.00"), encoding="utf-8")
    refitted(ENTRY)
    code, document, err = tnt("verify", ENTRY)
    assert (code, document["status"]) == (1, "refused")
    assert "ce n'est pas ce que la liste accorde : A" in err
    assert "it is not what the list grants: A" in tnt("verify", ENTRY, "--lang", "en")[2]
    Path("s.yaml").write_text(SCENARIO + "committed_from: registre/\n", encoding="utf-8")
    code, _, err = tnt("run", "s.yaml")
    assert (code, "registre/liste-1/engagements.csv — " in err and "(register)" in err) == (3, True), err
    (ENTRY / "allocation.parquet").write_bytes(b"PAR1 of nothing PAR1")
    refitted(ENTRY)
    code, _, err = tnt("run", "s.yaml")
    assert (code, "registre/liste-1/allocation.parquet — " in err and "(register)" in err) == (3, True), err


def test_a_run_without_a_signature(tnt: Said, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SEAL.unlink()
    for folder in (ENTRY, run_of(project)):
        code, document, _ = tnt("verify", folder)
        assert (code, document["signature"]["status"]) == (0, "none")
        code, document, err = tnt("verify", folder, "--public-key", "cle.pub")
        assert (code, document["status"], document["signature"]["status"]) == (1, "refused", "none")
        assert "il n'y a pas de signature à vérifier avec cette clé" in err
    assert main(["verify", str(ENTRY), "--lang", "en"]) == 0
    assert '"liste-1" is in the register, without the signature of a key.' in capsys.readouterr().out
    shutil.rmtree("registre")
    assert main(["verify", str(run_of(project)), "--lang", "en"]) == 0
    assert "This list is not signed." in capsys.readouterr().out


def flip(file: Path, place: int = -10) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(bytes(data))


def later(file: Path) -> None:
    """Another day in the manifest, well-formed."""
    text = file.read_text(encoding="utf-8")
    assert text.count("2026-03-31") == 1
    file.write_text(text.replace("2026-03-31", "2026-04-01"), encoding="utf-8")


def respaced(file: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8"))), encoding="utf-8")


TAMPERED = {
    "the day of the manifest": lambda: later(SIGNATURE),
    "the layout of the manifest": lambda: respaced(SIGNATURE),
    "the allocation": lambda: flip(ENTRY / "allocation.csv"),
    "the committed amounts": lambda: flip(ENTRY / "engagements.csv", -4),
    "the summary": lambda: flip(ENTRY / "summary.json"),
    "the log": lambda: flip(ENTRY / "solver.log"),
    "an input": lambda: flip(ENTRY / "inputs/table.csv"),
    "the signature": lambda: flip(SEAL, 70),
    "half a signature": lambda: SEAL.write_bytes(SEAL.read_bytes()[:90]),
    "an empty signature": lambda: SEAL.write_bytes(b""),
    "no text": lambda: SEAL.write_bytes(b"\xff\x00" * 40),
    "a long signature": lambda: SEAL.write_bytes(b"ed25519 " * 1000),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_each_change_is_seen(what: str, tnt: Said) -> None:
    assert tnt("verify", ENTRY, "--public-key", "cle.pub")[0] == 0
    TAMPERED[what]()
    code, document, err = tnt("verify", ENTRY, "--public-key", "cle.pub")
    assert (code, document["status"], document["signature"]["status"]) == (1, "refused", "mismatch")
    assert "Traceback" not in err


def test_each_bit_of_the_signature_counts(tnt: Said) -> None:
    from tnt_sim.verify.signing.signature import check_signature

    key, summary = (
        read_public_key(Path("cle.pub")),
        json.loads((ENTRY / "summary.json").read_text(encoding="utf-8")),
    )
    whole = SEAL.read_bytes()
    start = whole.index(b"\n") + 1
    for place in range(start, start + 86):
        SEAL.write_bytes(
            whole[:place] + (b"A" if whole[place : place + 1] != b"A" else b"B") + whole[place + 1 :]
        )
        assert check_signature(ENTRY, summary, Path(), key).standing.value == "mismatch", place


def test_a_signature_of_another_key_is_a_mismatch(tnt: Said, project: Path) -> None:
    for folder in (ENTRY, run_of(project)):
        code, document, err = tnt("verify", folder, "--public-key", "autre.pub")
        assert (code, document["signature"]["status"]) == (1, "mismatch")
        assert "la signature ne correspond pas : elle désigne la clé SHA256:" in err
        assert (
            "the signature does not fit"
            in tnt("verify", folder, "--public-key", "autre.pub", "--lang", "en")[2]
        )


def test_a_signature_of_another_list_proves_nothing(tnt: Said, project: Path) -> None:
    """The manifest and the seal of a genuine entry beside the files of another run."""
    genuine = {file.name: file.read_bytes() for file in (SEAL, SIGNATURE)}
    Path("s.yaml").write_text(SCENARIO.replace("200 €", "300 €"), encoding="utf-8")
    _, document, _ = tnt("run", "s.yaml")
    assert tnt("sign", document["run_dir"], "--as", "liste-1", "--register", "faux")[0] == 0
    forged = Path("faux/liste-1")
    for name, data in genuine.items():
        (forged / name).write_bytes(data)
    assert tnt("verify", forged, "--public-key", "cle.pub")[1]["signature"]["status"] == "mismatch"
    # an amendment signs no run: its manifest names none of the files of a forged list
    Path("retraits.csv").write_text("dossier;granted\nB;0\n", encoding="utf-8")
    assert tnt("sign", "--amend", "retraits.csv", "--as", "avenant-1", "--signing-key", "cle")[0] == 0
    for file in Path("registre/avenant-1").iterdir():
        shutil.copy(file, forged / file.name)
    assert tnt("verify", forged, "--public-key", "cle.pub")[1]["signature"]["status"] == "mismatch"
    # the run of the other list is not the one that was signed
    code, found, _ = tnt("verify", document["run_dir"], "--public-key", "cle.pub")
    assert (code, found["signature"]["status"]) == (1, "none")


def test_a_run_that_was_changed_after_it_was_signed(tnt: Said, project: Path) -> None:
    flip(run_of(project) / "allocation.csv")
    code, document, _ = tnt("verify", run_of(project), "--public-key", "cle.pub")
    assert (code, document["signature"]["status"]) == (1, "none")


BAD = {
    "encrypted-pem": ("ssh-keygen -p", "mot de passe", "password"),
    "rsa": ("ssh-keygen -t ed25519", "du type RSA", "of the type RSA"),
    "public": (".pub", "c'est une clé publique", "this is a public key"),
    "absent": ("", "il n'y a pas de fichier de ce nom", "there is no file of this name"),
    "folder": ("", "c'est un dossier", "this is a folder"),
    "junk": ("ssh-keygen", "ce n'est pas une clé Ed25519", "this is not an Ed25519 key"),
    "huge": ("ssh-keygen", "ce n'est pas une clé Ed25519", "this is not an Ed25519 key"),
    "empty": ("ssh-keygen", "ce n'est pas une clé Ed25519", "this is not an Ed25519 key"),
    "torn": ("ssh-keygen", "ce n'est pas une clé Ed25519", "this is not an Ed25519 key"),
}


def write_bad(project: Path) -> None:
    write_key(project / "encrypted-pem", pem=True, password=b"secret")
    write_key(project / "rsa", key=rsa_key())
    shutil.copy("cle.pub", "public")
    Path("folder").mkdir()
    Path("junk").write_bytes(b"\xff\xfe not a key \x00")
    Path("huge").write_bytes(b"-----BEGIN PRIVATE KEY-----\n" * 10_000)
    Path("empty").touch()
    Path("torn").write_bytes(Path("cle").read_bytes()[:200])


@pytest.mark.parametrize("name", BAD)
def test_keys_that_sign_nothing(name: str, tnt: Said, project: Path) -> None:
    write_bad(project)
    hint, *sides = BAD[name]
    for lang, told in zip(("fr", "en"), sides, strict=True):
        words = ("sign", run_of(project), "--as", "liste-2", "--signing-key", name, "--lang", lang)
        code, document, err = tnt(*words)
        assert (code, told in err, hint in err, f"{name} — " in err and "(key)" in err) == (
            3,
            True,
            True,
            True,
        ), err
        assert "Traceback" not in err + json.dumps(document)
    assert not Path("registre/liste-2").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cle", "c'est une clé privée, et --public-key demande la clé publique"),
        ("encrypted-pem", "c'est une clé privée"),
        ("rsa.pub", "du type RSA"),
        ("absent", "il n'y a pas de fichier de ce nom"),
        ("junk", "ce n'est pas une clé Ed25519"),
        ("empty", "ce n'est pas une clé Ed25519"),
    ],
)
def test_keys_that_check_nothing(name: str, told: str, tnt: Said, project: Path) -> None:
    write_bad(project)
    code, _, err = tnt("verify", ENTRY, "--public-key", name)
    assert (code, told in err, f"{name} — " in err and "(key)" in err) == (3, True, True), err


@needs("/dev/zero" if Path("/dev/zero").exists() else None, "/dev/zero")
def test_a_device_without_an_end_is_no_key() -> None:
    for read in (read_signing_key, read_public_key, read_certificate):
        with pytest.raises(DataError):
            read(Path("/dev/zero"))


@needs(shutil.which("ssh-keygen"), "ssh-keygen")
def test_keys_of_ssh_keygen(tnt: Said, project: Path) -> None:
    for name, password in (("open", ""), ("locked", "a long secret")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", password, "-f", name], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", "open.pub"], capture_output=True, text=True, check=True)
    shutil.rmtree("registre")
    code, document, _ = tnt("sign", run_of(project), "--as", "liste-1", "--signing-key", "open")
    assert (code, document["signing_key"] in shown.stdout.split()) == (0, True)
    assert tnt("verify", ENTRY, "--public-key", "open.pub")[0] == 0
    with pytest.raises(DataError, match="mot de passe"):
        read_signing_key(Path("locked"))


@needs(shutil.which("openssl"), "openssl")
@pytest.mark.parametrize(("lang", "key", "entry"), [("fr", "cle", "liste-1"), ("en", "key", "list-1")])
def test_the_page_tells_a_third_party_how_to_check(project: Path, lang: str, key: str, entry: str) -> None:
    """The lines of howto/publish.md in each language, with the names of this test."""
    page = (DOCS / lang / "howto/publish.md").read_text(encoding="utf-8")
    block = next(one for one in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL) if "pkeyutl" in one)
    assert f"registre/{entry}" in block
    lines = block.replace("/tmp/", f"{project}/").replace(f"{key}.pub", f"{project}/cle.pub")
    lines = lines.replace(f"registre/{entry}", "registre/liste-1")
    done = subprocess.run(["bash", "-ec", lines], capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    later(SIGNATURE)
    done = subprocess.run(["bash", "-ec", lines], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Signature Verified Successfully" not in done.stdout


@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("verify", str(ENTRY), "--public-key", "cle.pub"), marks=pytest.mark.slow),
        pytest.param(("verify", str(ENTRY), "--tsa-cert", "cle.pub"), marks=pytest.mark.slow),
        ("sign", "runs/x", "--as", "liste-2", "--signing-key", "cle"),
    ],
)
def test_without_the_extra_it_says_what_to_type(words: tuple[str, ...], lang: str, project: Path) -> None:
    done = blocked(*words, "--lang", lang)
    assert done.returncode == 2
    assert "cryptography" in done.stderr
    assert re.search(r"uv sync .*--extra signature|cryptography asn1crypto", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_without_the_extra_the_rest_works(project: Path) -> None:
    (ENTRY / "a.tsr").write_bytes(Authority("ec").reply(SIGNATURE.read_bytes()))
    done = blocked("verify", str(ENTRY), "--json")
    told = json.loads(done.stdout)["signature"]
    assert (done.returncode, told["status"]) == (0, "not_checked")
    assert told["time_stamps"] == [{"file": "a.tsr", "status": "not_checked", "time": None}]
    done = blocked("verify", str(ENTRY), "--lang", "en")
    assert "needs the package asn1crypto, which is not installed here" in " ".join(done.stdout.split())
    shutil.rmtree("registre")
    assert blocked("sign", str(run_of(project)), "--as", "liste-1").returncode == 0


def blocked(*words: str) -> subprocess.CompletedProcess[str]:
    """A command where the packages of the extra cannot be imported, its sentences as in this process."""
    code = (
        "import sys\n"
        "from support.typed import read_catalogue_as_typed\nread_catalogue_as_typed()\n"
        "sys.modules['cryptography'] = sys.modules['asn1crypto'] = None\n"
        "from tnt_sim.cli.main import main\n"
        "raise SystemExit(main(sys.argv[1:]))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("v2", [False, True])
def test_a_time_stamp(
    kind: str, v2: bool, tnt: Said, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(kind)
    authority.write(project / "tsa.pem")
    (ENTRY / "a.tsr").write_bytes(authority.reply(SIGNATURE.read_bytes(), v2=v2))
    _, document, _ = tnt("verify", ENTRY, "--public-key", "cle.pub")
    stamp = {"file": "a.tsr", "status": "not_checked", "time": NOON.isoformat()}
    assert document["signature"]["time_stamps"] == [stamp]
    for folder in (ENTRY, run_of(project)):
        code, document, err = tnt("verify", folder, "--public-key", "cle.pub", "--tsa-cert", "tsa.pem")
        assert (code, err) == (0, "")
        assert document["signature"]["time_stamps"] == [{**stamp, "status": "checked"}]
    assert main(["verify", str(ENTRY)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Horodatage a.tsr : non vérifié. Il dit 2026-03-31 12:00:00 UTC ; donnez --tsa-cert." in said
    assert main(["verify", str(ENTRY), "--tsa-cert", "tsa.pem", "--lang", "en"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Time stamp a.tsr: 2026-03-31 12:00:00 UTC, checked with this certificate." in said


def stamps(data: bytes) -> dict[str, tuple[bytes, str]]:
    own, other = Authority("ec"), Authority("ec")
    return {
        "other-bytes": (own.reply(data + b" "), "n'est pas celui de signature.json"),
        "sha512": (own.reply(data, imprint="sha512"), "ne porte pas sur une empreinte SHA-256"),
        "refused": (own.reply(data, status="rejection"), "l'autorité a refusé la demande"),
        "junk": (b"no reply", "ce n'est pas une réponse d'horodatage"),
        "empty": (b"", "ce n'est pas une réponse d'horodatage"),
        "cut": (own.reply(data)[:-7], "ce n'est pas une réponse d'horodatage"),
        "huge": (b"\x30" * (2 << 20), "ce n'est pas une réponse d'horodatage"),
        "": (other.reply(data), ""),
    }


@pytest.mark.parametrize("what", [name for name in stamps(b"") if name])
def test_time_stamps_that_do_not_fit(what: str, tnt: Said) -> None:
    data, told = stamps(SIGNATURE.read_bytes())[what]
    (ENTRY / "a.tsr").write_bytes(data)
    code, document, err = tnt("verify", ENTRY, "--public-key", "cle.pub")
    assert (code, told in err, "a.tsr — " in err) == (1, True, True), err
    assert document["signature"]["status"] == "checked"
    assert document["signature"]["time_stamps"][0]["status"] == "mismatch"


def test_a_time_stamp_of_somebody_else(tnt: Said, project: Path) -> None:
    own, other = Authority("ec"), Authority("ec")
    own.write(project / "tsa.pem")
    (ENTRY / "a.tsr").write_bytes(other.reply(SIGNATURE.read_bytes()))
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "tsa.pem")
    assert (code, "n'est pas signé avec le certificat" in err) == (1, True), err
    # signed by another key, with the name of the certificate of the reader
    own.key = other.key
    (ENTRY / "a.tsr").write_bytes(own.reply(SIGNATURE.read_bytes()))
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "tsa.pem")
    assert (code, "la signature du jeton ne correspond pas" in err) == (1, True), err


def test_a_certificate_that_dates_nothing(tnt: Said, project: Path) -> None:
    (ENTRY / "a.tsr").write_bytes(Authority("ec").reply(SIGNATURE.read_bytes()))
    Authority("ec", for_stamps=False).write(project / "web.pem")
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "web.pem")
    assert (code, "ce certificat n'est pas fait pour horodater" in err) == (3, True), err
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "cle.pub")
    assert (code, "ce n'est pas un certificat X.509" in err) == (3, True), err
    from datetime import timedelta

    ended = Authority("ec", until=NOON - timedelta(days=1))
    ended.write(project / "ended.pem")
    (ENTRY / "a.tsr").write_bytes(ended.reply(SIGNATURE.read_bytes()))
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "ended.pem")
    assert (code, "n'était pas valable à cette date" in err) == (1, True), err


def test_a_certificate_and_no_time_stamp(tnt: Said, project: Path) -> None:
    Authority("ec").write(project / "tsa.pem")
    code, _, err = tnt("verify", ENTRY, "--tsa-cert", "tsa.pem")
    assert (code, "il n'y a pas d'horodatage à vérifier" in err) == (1, True), err


def test_each_byte_of_a_time_stamp_counts(tnt: Said, project: Path) -> None:
    """Whatever byte is changed: never a crash, and a stamp that is checked still tells the same time."""
    from tnt_sim.verify.signing.time_stamp import StampStanding, read_time_stamps

    authority, manifest = Authority("ec"), SIGNATURE.read_bytes()
    whole = authority.reply(manifest)
    file, fine = project / "a.tsr", 0
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        (stamp,) = read_time_stamps(project, manifest, authority.certificate)
        if stamp.standing is StampStanding.CHECKED:
            fine += 1
            assert stamp.time == NOON
    assert fine < len(whole) / 3, "what nothing signs: the status, versions, the name of the signer"


@needs(shutil.which("openssl"), "openssl")
def test_a_reply_of_openssl(tnt: Said, project: Path) -> None:
    """A token that another program made is checked here."""
    authority = Authority("rsa", until=NOON.replace(year=2200))
    authority.write(project / "tsa.pem")
    write_key(project / "tsa.key", pem=True, key=authority.key)
    Path("serial").write_text("01\n", encoding="ascii")
    Path("tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\n"
        "signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
        "ess_cert_id_alg = sha256\n",
        encoding="ascii",
    )
    query = ["openssl", "ts", "-query", "-data", str(SIGNATURE), "-sha256", "-cert", "-out", "q.tsq"]
    subprocess.run(query, check=True, capture_output=True)
    reply = [
        "openssl",
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-queryfile",
        "q.tsq",
        "-out",
        str(ENTRY / "a.tsr"),
    ]
    done = subprocess.run(reply, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, document, err = tnt("verify", ENTRY, "--tsa-cert", "tsa.pem")
    (stamp,) = document["signature"]["time_stamps"]
    assert (code, stamp["status"]) == (0, "checked"), err
