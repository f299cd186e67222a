"""A file put in place whole, in one step, and never in the place of another unasked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tnt_sim.errors import Text, TntError, UsageError
from tnt_sim.view.run_folder import why_of


def check_target(target: Path, *, replace: bool) -> None:
    """Whether a file may be written there: its folder is there, and nothing stands there unless it may go.

    Raises
    ------
    UsageError
        With what to do.
    """
    folder = target.parent
    if not folder.is_dir():
        raise UsageError(
            Text(
                f"le dossier « {folder} » n'existe pas. Créez-le, ou corrigez --out.",
                f'there is no folder "{folder}". Create it, or correct --out.',
            ),
            code="usage.out",
        )
    if target.is_dir():
        raise UsageError(
            Text(
                f"« {target} » est un dossier. Donnez le nom d'un fichier à --out.",
                f'"{target}" is a folder. Give --out the name of a file.',
            ),
            code="usage.out",
        )
    if target.exists() and not replace:
        raise UsageError(
            Text(
                f"« {target} » existe déjà : rien n'y est touché. Ajoutez --force pour le remplacer.",
                f'"{target}" exists already: it is left as it is. Add --force to replace it.',
            ),
            code="usage.exists",
        )


def put_file(target: Path, data: bytes) -> None:
    """Write a file beside its place, then give it its name in one step.

    Raises
    ------
    UsageError
        The place cannot be written to.
    TntError
        The disk is full, or fails.
    """
    partial = target.parent / f".{target.name}.{os.getpid()}.partial"
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except (PermissionError, FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(_cannot(target, error), code="usage.out") from error
    except OSError as error:
        raise TntError(_cannot(target, error), code="output") from error
    finally:
        partial.unlink(missing_ok=True)


def put_files(folder: Path, data: Mapping[str, bytes], *, replace: bool) -> list[Path]:
    """Write several files into a folder, made when it is missing; each is checked before any is written."""
    if not folder.exists():
        check_target(folder, replace=replace)
    elif not folder.is_dir():
        raise UsageError(
            Text(
                f"« {folder} » est un fichier. Donnez à --out le nom d'un dossier.",
                f'"{folder}" is a file. Give --out the name of a folder.',
            ),
            code="usage.out",
        )
    else:
        for name in data:
            check_target(folder / name, replace=replace)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(_cannot(folder, error), code="usage.out") from error
    for name, content in data.items():
        put_file(folder / name, content)
    return [folder / name for name in data]


def _cannot(target: Path, error: OSError) -> Text:
    why = why_of(error)
    return Text(
        f"« {target} » ne peut pas être écrit : {why.fr}. Choisissez une autre place avec --out.",
        f'"{target}" cannot be written: {why.en}. Choose another place with --out.',
    )
