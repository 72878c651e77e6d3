"""Faults that tests tell already: they run with their full numbers, on the same engines."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from lumyx.chaos import plant as plants
from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Row
from lumyx.local import LocalError, checks
from lumyx.local.test import test_environment

SEQUENCES = "1000"


@dataclass(frozen=True)
class Story:
    """A fault, and the tests that make it."""

    name: str
    fault: str
    times: str
    expected: str
    tests: tuple[str, ...]
    few: str = ""
    """How often where numbers are small, if that is not as often."""


STORIES = [
    Story(
        "authorizes",
        "authorizes at once, money for 100",
        "10,000",
        "exactly 100 pass, balance ≥ 0",
        (
            "tests/billing/test_ledger.py::"
            "test_of_10000_authorizes_at_once_on_money_for_100_exactly_100_pass",
            "tests/billing/test_budgets.py::"
            "test_of_10000_authorizes_at_once_with_a_limit_for_100_exactly_100_pass",
        ),
    ),
    Story(
        "idempotency",
        "calls at once with one Idempotency-Key",
        "50",
        "one charge",
        (
            "tests/gateway/test_idempotency.py::test_fifty_calls_at_once_make_one_charge",
            "tests/billing/test_idempotency.py::"
            "test_of_50_authorizes_at_once_with_one_request_id_exactly_one_passes",
        ),
    ),
    Story(
        "stripe-doubled",
        "the same Stripe event again and again",
        "1,000",
        "credited once",
        ("tests/billing/test_webhooks.py::test_a_thousand_copies_of_one_event_credit_once",),
    ),
    Story(
        "stripe-shuffled",
        "Stripe event sequences shuffled, doubled, with events missing",
        "1,000",
        "credited once, refunded once",
        ("tests/billing/test_returns.py::test_shuffled_doubled_and_missing_events_end_exactly",),
        few="16",
    ),
    Story(
        "exports",
        "worker killed in the middle of an export and of an erasure",
        "at every step",
        "resumed; no half state reported as done",
        (
            "tests/privacy/test_exports.py::"
            "test_a_worker_killed_at_any_step_is_followed_by_another",
            "tests/privacy/test_erasure.py::"
            "test_a_worker_killed_at_any_step_is_followed_by_another",
        ),
    ),
    Story(
        "clocks",
        "23:59:59.999, leap day, clocks 5 s apart",
        "each",
        "day limits right, in UTC",
        (
            "tests/gateway/test_limits_clock.py",
            "tests/billing/test_budgets.py::"
            "test_a_past_day_and_month_count_as_nothing_and_the_total_stays",
            "tests/billing/test_budgets.py::"
            "test_a_statement_of_the_day_before_never_takes_a_counter_back",
        ),
    ),
]
ELSEWHERE = [
    Row(
        "malformed requests over all routes, webhook included",
        "100,000",
        "no 5xx",
        "a target of its own",
        None,
    ),
]
"""Rows that something else fills."""


def tell(plant: Plant, stories: list[Story], *, few: bool) -> list[Row]:
    """Run the tests of these stories together; return a row for each story."""
    numbers = {} if few else {"STORIES": SEQUENCES}
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [checks.PYTHON, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider"]
        command += [f"--junitxml={report}", *(test for story in stories for test in story.tests)]
        done = subprocess.run(
            command,
            cwd=checks.ROOT,
            env=_environment(plant) | numbers,
            capture_output=True,
            text=True,
        )
        cases = _cases(report) if report.exists() else []
    rows = [_row(story, cases, few=few) for story in stories]
    if not cases:
        raise LocalError(f"The tests did not run:\n{done.stdout[-2_000:]}{done.stderr[-500:]}")
    return rows


@dataclass(frozen=True)
class Case:
    """One test that ran: its file and name, how long it took, and why it failed."""

    place: str
    seconds: float
    failure: str


def _row(story: Story, cases: list[Case], *, few: bool) -> Row:
    ran = [
        case
        for case in cases
        if any(case.place.partition("[")[0].startswith(test) for test in story.tests)
    ]
    failed = [f"{case.place.rpartition('::')[2]}: {case.failure}" for case in ran if case.failure]
    missing = [test for test in story.tests if not any(case.place.startswith(test) for case in ran)]
    problems = (*failed, *(f"{test} did not run" for test in missing))
    return Row(
        story.fault,
        story.few or story.times if few else story.times,
        story.expected,
        f"{len(ran) - len(failed)} of {len(ran)} tests of it passed",
        not problems,
        sum(case.seconds for case in ran),
        problems,
    )


def _cases(report: Path) -> list[Case]:
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        wrong = next((child for child in case if child.tag in ("failure", "error")), None)
        failure = "" if wrong is None else wrong.get("message", "").splitlines()[0][:200]
        path = case.get("classname", "").replace(".", "/") + ".py"
        seconds = float(case.get("time", 0))
        found.append(Case(f"{path}::{case.get('name')}", seconds, failure))
    return found


def _environment(plant: Plant) -> dict[str, str]:
    made = test_environment(checks.production(plant.postgresql.url, plant.valkey.url))
    # What this process has set for itself is not the tests'.
    return {name: value for name, value in made.items() if name not in plants.OWN_SETTINGS}
