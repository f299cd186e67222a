"""`docs/pictures/tnt-2021.LANG.png`: the top of the report of `scenarios/tnt-2021.yaml`, as a browser shows it.

python tools/picture.py [CHROMIUM]     needs Chromium (found by name, or given) and the development packages
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tnt_sim.cli.main import main as tnt

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {lang: ROOT / "docs" / "pictures" / f"tnt-2021.{lang}.png" for lang in ("fr", "en")}
WIDTH, HEIGHT = 1100, 1300
COLOURS = 64
NAMES = ("chromium", "chromium-browser", "google-chrome")


def main(words: Sequence[str]) -> int:
    """Decide, write the report, photograph it."""
    browser = words[0] if words else next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        tnt(["run", str(ROOT / "scenarios" / "tnt-2021.yaml"), "--out", folder, "--quiet"])
        run = next(path for path in Path(folder).iterdir() if path.is_dir())
        for lang, picture in PICTURES.items():
            page = Path(folder) / f"report.{lang}.html"
            tnt(["report", str(run), "--out", str(page), "--lang", lang, "--quiet"])
            photograph(browser, page, picture)
            print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1000} kB")
    return 0


def photograph(browser: str, page: Path, picture: Path) -> None:
    """The first screen of a decision note and what follows it, without the links."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        sheet = opened.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        sheet.goto(page.as_uri())
        sheet.eval_on_selector_all("nav", "parts => parts.forEach(part => part.remove())")
        picture.parent.mkdir(exist_ok=True)
        sheet.screenshot(path=str(picture))
        opened.close()
    Image.open(picture).convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
