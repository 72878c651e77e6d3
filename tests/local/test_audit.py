"""`make audit` fails for what is new, and says so where it could not look."""

import json
from typing import Any

from lumyx.local import audit


def finding(test: str, file: str) -> dict[str, Any]:
    return {"test_id": test, "filename": file, "line_number": 7, "issue_text": "Bad."}


ACCEPTED = [finding(*one) for one in audit.ACCEPTED]


def test_what_was_accepted_passes_and_what_is_new_does_not() -> None:
    assert audit.judge_code(ACCEPTED).wrong == []
    (new,) = audit.judge_code([*ACCEPTED, finding("B602", "gateway/calls.py")]).wrong
    assert new.startswith("gateway/calls.py:7: B602")


def test_a_reason_without_a_finding_has_to_go() -> None:
    (stale,) = audit.judge_code(ACCEPTED[1:]).wrong
    assert "accepted and gone" in stale


def test_a_known_hole_fails() -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    packages = [
        {"name": "one", "version": "1.0", "vulns": [hole]},
        {"name": "two", "version": "1.0", "vulns": []},
        {"name": "three", "skip_reason": "not found"},
    ]
    verdict = audit.judge_packages(json.dumps({"dependencies": packages}), "")
    assert verdict.wrong == ["one 1.0: PYSEC-1, mended in 2.0"]
    assert "2 packages" in verdict.said
    assert "three" in verdict.said


def test_without_data_it_says_that_nothing_was_audited() -> None:
    skipped = {"dependencies": [{"name": "one", "skip_reason": "not found"}]}
    for report, complaint in ((json.dumps(skipped), ""), ("", "requests.ConnectionError: …")):
        verdict = audit.judge_packages(report, complaint)
        assert verdict.wrong == []
        assert "NOTHING WAS AUDITED" in verdict.said


def test_any_other_failure_of_it_fails() -> None:
    assert audit.judge_packages("", "TypeError: …").wrong
