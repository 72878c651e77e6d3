"""What the policy leaves open is filled in from the settings that the code goes by."""

import re

import pytest
from django.test import Client, override_settings

from privacy import checks, keeping
from tests.lumyx.test_settings import manage

PAGE = "/privacy/how-we-keep-it"


def page() -> str:
    return re.sub(r"<[^>]+>|\s+", " ", Client().get(PAGE).content.decode())


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("ERASURE_GRACE_DAYS", 5, "20 days at the longest"),
        ("BACKUP_DAYS", 9, "17 days at the longest"),
        ("STRIPE_REDACT_DAYS", 77, "77 days after the last one"),
        ("INACTIVE_MONTHS", 31, "31 months"),
        ("BILLING_YEARS", 6, "6 years, from the end of their year"),
        ("BILLING_JURISDICTION", "Ruritania", "By the law of Ruritania"),
        ("EXPORT_DAYS", 3, "3 days"),
        ("SESSION_HOURS", 50, "50 hours"),
    ],
)
def test_changing_a_setting_changes_the_page(
    database: None, setting: str, value: object, words: str
) -> None:
    assert words not in page()
    with override_settings(**{setting: value}):
        assert words in page()


def test_the_page_says_the_usual_days_months_and_years(database: None) -> None:
    said = page()
    for words in (
        *("22 days at the longest, of 30 promised", "7 days", "14 days", "90 days", "24 months"),
        *("10 years", "less than 30 days", "within 30 days", "within 72 hours", "our place of"),
    ):
        assert words in said


def test_the_worst_case_is_22_days_and_more_than_30_keeps_everything_from_starting() -> None:
    assert keeping.worst_case_days() == 22
    assert checks.a_deletion_takes_30_days_at_most(None) == []
    with override_settings(BACKUP_DAYS=22):
        assert checks.a_deletion_takes_30_days_at_most(None) == []
    with override_settings(BACKUP_DAYS=23):
        assert "by 31 days" in checks.a_deletion_takes_30_days_at_most(None)[0].msg
    result = manage("check", BACKUP_DAYS="25")
    assert result.returncode != 0
    assert "privacy.E004" in result.stderr
