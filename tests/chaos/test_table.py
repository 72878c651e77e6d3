"""The table says which promises were broken, and takes its place in the page."""

from pathlib import Path

import pytest

from lumyx.chaos import table
from lumyx.chaos.scenario import Row, Seen

KEPT = Row("power | lost", "2", "nothing lost", "2 × 200", True, 1.2)
BROKEN = Row("disk lost", "1", "all kept", "1 × 500", False, 3, ("a 500",))
ELSEWHERE = Row("garbage sent", "100,000", "no 5xx", "", None)


def test_a_broken_promise_is_named_and_what_was_not_run_does_not_count() -> None:
    told = table.render([KEPT, BROKEN, ELSEWHERE])
    assert "disk lost (1): BROKEN, 3 s" in told
    assert "BROKEN    a 500" in told
    assert table.verdict([KEPT, BROKEN, ELSEWHERE]) == "1 of 2 kept"


def test_the_table_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{table.BEGIN}\nold\n{table.END}\n\nAfter.\n")
    table.write(page, [KEPT, BROKEN], 120)
    text = page.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    assert "| power &#124; lost | 2 | nothing lost | 2 × 200 | kept |" in text
    assert "1 of 2 kept" in text


@pytest.mark.parametrize("true", [True, False])
def test_what_is_not_as_expected_is_a_problem(true: bool) -> None:
    seen = Seen()
    seen.expect(true, "it was not so")
    assert seen.problems == ([] if true else ["it was not so"])
