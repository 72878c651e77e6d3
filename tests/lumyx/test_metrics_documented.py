"""The page for operators lists every metric there is, and no other."""

import re

from tests.processes import ROOT

PAGE = (ROOT / "docs" / "observability.md").read_text()
SUFFIXES = re.compile(r"_(total|bucket)$")


def made() -> set[str]:
    """Return the names of all metrics that the code makes."""
    found: set[str] = set()
    for file in (ROOT / "lumyx" / "metrics").glob("*.py"):
        text = file.read_text()
        moments = set(re.findall(r'_moment\(\s*"(lumyx_\w+)"', text))
        found |= set(re.findall(r'"(lumyx_\w+)"', text)) - moments
        found |= {f"{name}_timestamp_seconds" for name in moments}
    return found


def test_every_metric_is_documented_and_every_documented_one_is_made() -> None:
    tables = set(re.findall(r"^\| `(lumyx_\w+)`", PAGE, re.MULTILINE))
    assert {SUFFIXES.sub("", name) for name in tables} == made()
    assert len(made()) > 20


def test_alerts_are_about_metrics_that_there_are() -> None:
    [rules] = re.findall(r"```yaml\ngroups:.*?```", PAGE, re.DOTALL)
    used = {SUFFIXES.sub("", name) for name in re.findall(r"lumyx_\w+", rules)}
    assert used <= made()
    told = " ".join(re.findall(r"^\| ([A-Z][A-Za-z, ]+) \|", PAGE, re.MULTILINE))
    assert set(re.findall(r"alert: (\w+)", rules)) <= set(re.findall(r"\w+", told))
