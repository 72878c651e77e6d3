"""`make audit`: bandit over our code, and pip-audit over what we install.

A finding of bandit's that we accept stands here with its reason; any other fails, and so does a
reason whose finding is gone. Known holes in packages fail; where the data about them cannot be
reached, that is said and nothing more.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lumyx.local import checks

UV = str(checks.ROOT / ".venv" / "uv" / "bin" / "uv")
BANDIT = "bandit==1.9.4"
PIP_AUDIT = "pip-audit==2.10.1"
REQUIREMENTS = "requirements-dev.txt"
CODE = ("accounts", "billing", "gateway", "lumyx", "privacy")

CONSTANTS = "The statement is put together from constants of ours; values go as parameters."
ESCAPED = "Every part was escaped, or is a file of ours."
OUR_OWN = "Programs and reports of ours, with arguments of ours; nobody else's words reach them."
HARMLESS = "Known to everybody, or no secret at all: words for people, and a stand-in's."
ACCEPTED: dict[tuple[str, str], str] = {
    ("B104", "accounts/addresses.py"): "Stands for an address that is not known; nobody binds it.",
    ("B105", "lumyx/checks.py"): HARMLESS,
    ("B105", "lumyx/standins/nabzclan_faults.py"): HARMLESS,
    ("B105", "lumyx/standins/nabzclan_grants.py"): HARMLESS,
    ("B105", "privacy/legal_requests.py"): HARMLESS,
    ("B311", "gateway/attempts.py"): "Spreads second tries in time; nothing to guess.",
    ("B311", "lumyx/standins/stripe/delivery.py"): "Tests want the same order again.",
    ("B311", "lumyx/chaos/scenarios/cuts.py"): "Spreads faults in time; nothing to guess.",
    ("B311", "lumyx/chaos/scenarios/kills.py"): "Spreads faults in time; nothing to guess.",
    **dict.fromkeys(
        [
            (test, f"lumyx/{file}.py")
            for test in ("B404", "B603")
            for file in ("backups", "chaos/plant", "chaos/stories", "chaos/scenarios/crowding")
        ],
        OUR_OWN,
    ),
    ("B405", "lumyx/chaos/stories.py"): OUR_OWN,
    ("B314", "lumyx/chaos/stories.py"): OUR_OWN,
    ("B608", "lumyx/chaos/books.py"): CONSTANTS,
    **dict.fromkeys(
        [
            *(("B608", f"billing/{name}.py") for name in ("budgets", "ledger_sql")),
            *(("B608", f"gateway/{name}.py") for name in ("activity", "catalogue", "hourly_use")),
            *(("B608", f"gateway/{name}.py") for name in ("key_ring", "public_prices")),
            *(("B608", f"gateway/{name}.py") for name in ("request_log", "tallies", "usage")),
            ("B608", "privacy/conformance/probes/collection.py"),
            ("B608", "privacy/conformance/probes/content.py"),
        ],
        CONSTANTS,
    ),
    **dict.fromkeys(
        [
            (test, file)
            for test in ("B308", "B703")
            for file in (
                *("lumyx/docs/search.py", "lumyx/highlighting.py", "lumyx/templatetags/ui.py"),
                "privacy/typesetting.py",
            )
        ],
        ESCAPED,
    ),
}
"""Accepted findings by test and file; ruff asks for a reason at each line as well."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, and what else there is to say."""

    wrong: list[str]
    said: str


def main() -> int:
    """Run both; return 1 where one finds something."""
    verdicts = (judge_code(_bandit()), judge_packages(*_pip_audit()))
    for verdict in verdicts:
        print("\n".join([*verdict.wrong, verdict.said]), flush=True)
    return 1 if any(verdict.wrong for verdict in verdicts) else 0


def judge_code(findings: Sequence[dict[str, Any]]) -> Verdict:
    """Return the findings that nobody accepted, and the reasons that have none."""
    seen = Counter((one["test_id"], one["filename"].removeprefix("./")) for one in findings)
    new = [
        f"{one['filename']}:{one['line_number']}: {one['test_id']} {one['issue_text']}"
        for one in findings
        if (one["test_id"], one["filename"].removeprefix("./")) not in ACCEPTED
    ]
    stale = [f"{test} in {file} is accepted and gone" for test, file in ACCEPTED.keys() - seen]
    accepted = sum(count for one, count in seen.items() if one in ACCEPTED)
    return Verdict(new + sorted(stale), f"bandit: {len(new)} new, {accepted} with a reason")


def judge_packages(report: str, complaint: str) -> Verdict:
    """Return the known holes; without data about any package, say that nothing was looked at."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        lost = ("ConnectionError", "Max retries", "NameResolution", "Timeout", "ServiceError")
        if any(word in complaint for word in lost):
            return Verdict([], "pip-audit: NOTHING WAS AUDITED, its data cannot be reached")
        return Verdict([f"pip-audit failed: {complaint[-500:]}"], "pip-audit: no answer")
    known = [one for one in packages if "skip_reason" not in one]
    if not known:
        return Verdict([], "pip-audit: NOTHING WAS AUDITED, its data cannot be reached")
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version'}"
        for one in known
        for hole in one["vulns"]
    ]
    unknown = ", ".join(one["name"] for one in packages if "skip_reason" in one)
    rest = f"; nothing is known of {unknown}" if unknown else ""
    return Verdict(holes, f"pip-audit: {len(known)} packages, {len(holes)} known holes{rest}")


def _bandit() -> list[dict[str, Any]]:
    done = _run(BANDIT, "bandit", "-q", "-r", "-c", "pyproject.toml", "-f", "json", *CODE)
    if not done.stdout.strip():
        sys.exit(f"bandit failed:\n{done.stderr}")
    found: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    return found


def _pip_audit() -> tuple[str, str]:
    given = ("-r", REQUIREMENTS, "--no-deps", "--disable-pip", "--progress-spinner", "off")
    done = _run(PIP_AUDIT, "pip-audit", *given, "-f", "json")
    return done.stdout, done.stderr


def _run(package: str, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        # Apart from what we run on, which they would change.
        [UV, "tool", "run", "--quiet", "--from", package, *command],
        cwd=checks.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
