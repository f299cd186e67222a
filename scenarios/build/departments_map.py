"""Build ``tnt_sim/data/departments-map.json``: the outlines of the 101 departments as SVG paths.

Source: the component MapChart of npm package ``@gouvfr/dsfr-chart`` 2.0.4 (DINUM), MIT licence; how the shapes
were drawn is not stated there. Of the package only these outlines are taken: no font, no logo, no style.

Run with ``uv run python scenarios/build/departments_map.py package/dist/MapChart/MapChart.js``, from
``npm pack @gouvfr/dsfr-chart``. Mainland outlines share one plane; each overseas one has its own.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "departments-map.json"
_OUTLINE = re.compile(
    r'viewBox: (?:"(?P<frame>[\d ]+)"|n\.config)|class: "FR-(?P<code>97\d|\d[\dAB])"|d: "(?P<path>[Mm][^"]+)"'
)


def build(source: str) -> dict[str, object]:
    """The outlines by code, mainland and overseas apart; raises ``ValueError`` unless there are 101."""
    mainland: dict[str, str] = {}
    overseas: dict[str, dict[str, str]] = {}
    frame, code = "", ""
    for found in _OUTLINE.finditer(source):
        if found["code"]:
            code = found["code"]
        elif found["path"] and code:
            path = found["path"].strip()
            if code.startswith("97"):
                overseas[code] = {"frame": frame, "path": path}
            else:
                mainland[code] = path
            code = ""
        elif not found["path"]:
            frame = found["frame"] or ""
    if len(mainland) != 96 or len(overseas) != 5:
        raise ValueError(f"{len(mainland)} mainland and {len(overseas)} overseas outlines, expected 96 and 5")
    return {
        "source": "@gouvfr/dsfr-chart 2.0.4, MapChart",
        "licence": "MIT, Copyright (c) 2021 DINUM",
        "frame": "0 0 1010 1010",
        "mainland": dict(sorted(mainland.items())),
        "overseas": dict(sorted(overseas.items())),
    }


if __name__ == "__main__":
    outlines = build(Path(sys.argv[1]).read_text(encoding="utf-8"))
    TARGET.write_text(json.dumps(outlines, indent=1) + "\n", encoding="utf-8")
