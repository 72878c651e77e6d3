"""What is declared of each version of the documents."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Declaration:
    """A version as `versions.toml` declares it; days are UTC."""

    kind: str
    version: str
    sha256: str
    material: bool
    announced: date
    summary: tuple[str, ...]


def declared(directory: Path) -> dict[tuple[str, str], Declaration]:
    """Return the declarations by kind and version; raises ValueError where one is no such thing."""
    with (directory / "versions.toml").open("rb") as file:
        kinds = tomllib.load(file)
    return {
        (kind, version): _read(kind, version, fields)
        for kind, versions in kinds.items()
        for version, fields in versions.items()
    }


def _read(kind: str, version: str, fields: dict[str, Any]) -> Declaration:
    types = {"sha256": str, "material": bool, "announced": date, "summary": list}
    wrong = [name for name, wanted in types.items() if not isinstance(fields.get(name), wanted)]
    wrong += sorted(set(fields) - set(types))
    if wrong:
        raise ValueError(f"versions.toml: {kind} {version}: {', '.join(wrong)}")
    return Declaration(kind, version, **{**fields, "summary": tuple(fields["summary"])})
