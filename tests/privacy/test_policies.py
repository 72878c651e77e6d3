"""Documents have versions that stand; whoever wants to sees each of them and what changed."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from privacy import checks, policies
from tests.privacy.editions import add_version, copy_of_documents


def today() -> date:
    """The day by UTC at this moment: the suite may run through midnight."""
    return timezone.now().date()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents of this test's own."""
    copy = copy_of_documents(tmp_path)
    monkeypatch.setattr(policies, "TEXTS", copy)
    return copy


@pytest.fixture
def site(database: None) -> Client:
    return Client()


def newer(place: Path, *, effective: date, announced: date, material: bool = True) -> str:
    old = (place / "privacy-2026-03-20.txt").read_text()
    text = old.replace("5. Data Sharing", "5. Sharing <b>data</b>")
    return add_version(
        place, effective=effective, announced=announced, text=text, material=material
    )


def test_the_documents_are_as_declared() -> None:
    assert policies.faults() == []
    assert checks.every_text_is_as_declared(None) == []


def test_a_text_changed_without_a_new_version_fails_the_build(place: Path) -> None:
    text = place / "privacy-2026-03-20.txt"
    text.write_text(text.read_text().replace("30 days", "90 days"))
    [fault] = policies.faults()
    assert fault.startswith("privacy 2026-03-20 has another text than was declared")
    assert [error.id for error in checks.every_text_is_as_declared(None)] == ["privacy.E002"]


def test_a_text_without_a_declaration_and_the_reverse_fail_the_build(place: Path) -> None:
    (place / "terms-2027-01-01.txt").write_text("New terms.")
    assert policies.faults() == ["terms 2027-01-01 is not declared"]
    (place / "terms-2027-01-01.txt").unlink()
    newer(place, effective=today() + timedelta(days=60), announced=today())
    (place / f"privacy-{today() + timedelta(days=60)}.txt").unlink()
    assert len(policies.faults(copied(place))) == 1


def copied(place: Path) -> Path:
    """Texts are read once: another directory is read anew."""
    return place.rename(place.parent / "again")


@pytest.mark.parametrize(
    ("days", "material", "right"), [(14, True, True), (13, True, False), (0, False, True)]
)
def test_a_material_change_is_announced_14_days_ahead(
    place: Path, days: int, material: bool, right: bool
) -> None:
    effective = today() + timedelta(days=60)
    newer(place, effective=effective, announced=effective - timedelta(days=days), material=material)
    found = policies.faults()
    assert (found == []) is right, found


def test_a_declaration_that_lacks_something_fails_the_build(place: Path) -> None:
    with (place / "versions.toml").open("a") as file:
        file.write('\n[privacy.2027-01-01]\nmaterial = "yes"\n')
    [error] = checks.every_text_is_as_declared(None)
    assert "sha256, material, announced, summary" in error.msg


def test_an_announced_version_is_shown_and_takes_effect_on_its_day(
    place: Path, site: Client
) -> None:
    effective = today() + timedelta(days=20)
    version = newer(place, effective=effective, announced=today())
    assert policies.current("privacy").version == "2026-03-20"
    assert policies.current("privacy", today=effective - timedelta(days=1)).version == "2026-03-20"
    assert policies.current("privacy", today=effective).version == version
    front = site.get("/").content.decode()
    assert f"/privacy/versions/{version}" in front
    assert "We now say it more clearly." in front
    page = site.get(f"/privacy/versions/{version}").content.decode()
    assert "Takes effect on" in page
    assert "Sharing &lt;b&gt;data&lt;/b&gt;" in page
    listed = site.get("/privacy/versions").content.decode()
    assert listed.index(version) < listed.index("2026-03-20")
    changed = site.get(f"/privacy/versions/{version}/changes").content.decode()
    assert "<del>5. Data Sharing</del>" in changed
    assert "<ins>5. Sharing &lt;b&gt;data&lt;/b&gt;</ins>" in changed


def test_a_version_nobody_was_told_of_yet_is_not_shown(place: Path, site: Client) -> None:
    day = today() + timedelta(days=40)
    version = newer(place, effective=day, announced=today() + timedelta(days=1))
    assert site.get(f"/privacy/versions/{version}").status_code == 404
    assert version not in site.get("/privacy/versions").content.decode()
    assert version not in site.get("/").content.decode()


def test_a_change_that_is_not_material_is_not_announced_on_every_page(
    place: Path, site: Client
) -> None:
    day = today() + timedelta(days=3)
    version = newer(place, effective=day, announced=today(), material=False)
    assert version not in site.get("/").content.decode()
    assert "Not material." in site.get("/privacy/versions").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        *("/privacy/versions/1999-01-01", "/privacy/versions/2026-03-20/changes"),
        *("/terms/versions/2026-03-20", "/privacy/versions/../../etc/passwd"),
    ],
)
def test_versions_that_never_were_are_not_found(site: Client, path: str) -> None:
    assert site.get(path).status_code == 404
