"""Every file is written by `tnt_sim/disk.py`: nobody writes elsewhere, where a full disk would go unnoticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from support.paths import ROOT

PACKAGE = ROOT / "tnt_sim"
DOOR = "disk.py"
WRITERS = {
    "write_text", "write_bytes", "touch", "writeLP", "savefig", "tofile", "savez", "copyfile", "copy2", "copytree",
    "copyfileobj", "move", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "write_json", "write_ndjson",
    "write_ipc", "write_avro", "write_delta", "to_csv", "to_pickle", "to_feather", "sink_parquet", "sink_csv",
    "sink_ipc", "sink_ndjson", "symlink_to", "hardlink_to", "mkdir", "makedirs",
}  # fmt: skip
INTO = {
    "write_parquet": 0,
    "write_csv": 0,
    "write_excel": 0,
    "Workbook": 0,
    "ZipFile": 0,
    "dump": 1,
    "save": 0,
}
"""Writers that take a file or a stream, and where it stands among their arguments."""
ALLOWED = {
    (
        "engine/run_folder/atomic_write.py",
        "mkdir",
    ): "a folder in the making, which disk.put_all has no name for",
    ("solve/backends/pulp_bridge.py", "writeLP"): "into a draft of disk.open_draft",
}


def written(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of each call that writes a file by itself."""
    tree = ast.parse(source)
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        if (node.module or "").startswith("tnt_sim") for alias in node.names
    } | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}  # fmt: skip
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for scope in [tree, *scopes]:
        memory = {
            target.id
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            and _name(node.value) in ("BytesIO", "StringIO")
            for target in node.targets if isinstance(target, ast.Name)
        } | {
            argument.arg
            for node in ast.walk(scope) if isinstance(node, ast.FunctionDef)
            for argument in node.args.args
            if argument.annotation is not None and "BytesIO" in ast.unparse(argument.annotation)
        }  # fmt: skip
        for node in _own(scope):
            if not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and node.func.id in ours):
                continue
            if _writes(node, memory):
                yield node.lineno, _name(node)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, those of functions inside it left to them."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.FunctionDef):
            continue
        yield child
        yield from _own(child)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _writes(call: ast.Call, memory: set[str]) -> bool:
    name = _name(call)
    if name == "open":
        if ast.unparse(call.func).startswith("os."):
            return ast.unparse(call.args[0]) != "os.devnull" and "O_RDONLY" not in ast.unparse(call)
        words = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        modes = [one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return any(set(mode) & set("wax+") for mode in modes if set(mode) <= set("rwaxbt+"))
    if name in INTO:
        given = call.args[INTO[name] :]
        return bool(given) and ast.unparse(given[0]) not in memory and not _reads(call)
    return name in WRITERS and not _draws(call)


def _draws(call: ast.Call) -> bool:
    """A text that is written into a drawing, at two coordinates."""
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    return _name(call) == "write_text" and owner in ("drawing", "self") and len(call.args) >= 3


def _reads(call: ast.Call) -> bool:
    """A package of a spreadsheet that is opened to be read."""
    return _name(call) == "ZipFile" and len(call.args) == 1 and not call.keywords


def test_nobody_writes_past_the_door() -> None:
    found = [
        f"{file.relative_to(PACKAGE)}:{line} {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).as_posix() != DOOR
        for line, name in written(file.read_text(encoding="utf-8"))
        if (file.relative_to(PACKAGE).as_posix(), name) not in ALLOWED
    ]
    assert found == []


def test_what_is_allowed_is_there() -> None:
    for file, name in ALLOWED:
        assert name in {word for _, word in written((PACKAGE / file).read_text(encoding="utf-8"))}, file


@pytest.mark.parametrize(
    "line",
    [
        "Path(p).write_text('x')",
        "p.write_bytes(b'')",
        "open(p, 'w')",
        "p.open('ab')",
        "p.open(mode='x')",
        "io.open(p, 'r+')",
        "os.open(p, os.O_WRONLY)",
        "table.write_parquet(p)",
        "table.write_csv(folder / 'a.csv')",
        "json.dump(told, stream)",
        "xlsxwriter.Workbook(p, {})",
        "zipfile.ZipFile(p, 'w')",
        "shutil.copyfile(a, b)",
        "chart.save(p)",
        "frame.to_csv(p)",
    ],
)
def test_each_way_to_write_is_seen(line: str) -> None:
    assert list(written(f"def f(stream):\n    {line}\n"))


@pytest.mark.parametrize(
    "line",
    [
        "p.open('rb')",
        "open(p, encoding='utf-8')",
        "table.write_csv()",
        "os.open(os.devnull, os.O_WRONLY)",
        "stream = io.BytesIO(); table.write_parquet(stream)",
        "zipfile.ZipFile(p)",
        "drawing.write_text(0, 14, 'a label')",
    ],
)
def test_reading_and_memory_are_left_alone(line: str) -> None:
    assert not list(written(f"def f(p):\n    {line}\n"))
