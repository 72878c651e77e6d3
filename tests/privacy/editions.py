"""Documents of a test's own, with versions of days to come."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

from privacy import policies


def copy_of_documents(directory: Path) -> Path:
    """Return a directory with the documents as they are."""
    place = directory / "documents"
    shutil.copytree(policies.TEXTS, place)
    return place


def add_version(
    place: Path,
    *,
    effective: date,
    announced: date,
    text: str,
    material: bool = True,
    kind: str = "privacy",
    summary: str = "We now say it more clearly.",
) -> str:
    """Add a version of a document, and return its name."""
    (place / f"{kind}-{effective}.txt").write_text(text)
    with (place / "versions.toml").open("a") as file:
        file.write(
            f"\n[{kind}.{effective}]\n"
            f'sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"\n'
            f"material = {str(material).lower()}\n"
            f"announced = {announced}\n"
            f'summary = ["{summary}"]\n'
        )
    return str(effective)
