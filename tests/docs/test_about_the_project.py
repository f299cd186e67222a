"""The files by which catalogues and libraries find the project have the shape that they ask for."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.paths import ROOT


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))
    return found


def test_publiccode_has_every_required_key() -> None:
    """The required keys of publiccode.yml 0.4 and their bounds; `url` is wanting while there is no address."""
    code = read("publiccode.yml")
    assert "example." not in str(code.get("url", ""))
    assert {
        "publiccodeYmlVersion", "name", "platforms", "developmentStatus", "softwareType", "description",
        "legal", "maintenance", "localisation",
    } <= set(code)  # fmt: skip
    assert code["publiccodeYmlVersion"] == "0.4"
    assert code["developmentStatus"] in ("concept", "development", "beta", "stable", "obsolete")
    assert code["softwareType"] in (
        "standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend",
        "standalone/other", "addon", "library", "configurationFiles",
    )  # fmt: skip
    assert {"fr", "en"} <= set(code["description"])
    for told in code["description"].values():
        assert len(told["shortDescription"]) <= 150
        assert 150 <= len(told["longDescription"]) <= 10_000
        assert told["features"]
    assert code["legal"]["license"] == "MIT"
    assert code["maintenance"]["type"] in ("internal", "contract", "community", "none")
    assert all(person["name"] for person in code["maintenance"]["contacts"])
    assert code["localisation"]["localisationReady"] is True
    assert set(code["localisation"]["availableLanguages"]) == {"fr", "en"}


@pytest.mark.parametrize(
    ("name", "key"), [("publiccode.yml", "softwareVersion"), ("CITATION.cff", "version")]
)
def test_the_version_is_that_of_the_package(name: str, key: str) -> None:
    assert str(read(name)[key]) == version("tnt-sim")


def test_citation_has_every_required_key() -> None:
    """The required keys of CFF 1.2.0."""
    cited = read("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] in ("software", "dataset")
    assert all("name" in author or "family-names" in author for author in cited["authors"])
