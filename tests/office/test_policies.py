"""A new version of a document is drafted by one privacy officer and published by another."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts import roles
from privacy import acceptances, checks, notices, policies, publishing
from privacy.conformance.probes import changes as probe
from privacy.models import PolicyDraft, PolicyVersion
from tests.customers import make_customer
from tests.staff import make_staff, staff_client

LIST = "/admin/privacy/policies"
OFFICER = "privacy officer"


@pytest.fixture(autouse=True)
def undone(database: None) -> Iterator[None]:
    """What is published stands for good: so all of a test is rolled back."""
    policies.forget_published()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    policies.forget_published()


def day(days: int) -> date:
    return timezone.now().date() + timedelta(days=days)


def text_of(effective: date, *, kind: str = "privacy", more: str = "") -> str:
    """Return the latest text, of another day, and with something moved in it."""
    text = policies.every_version(kind)[-1].text
    line = "Last updated: March 20, 2026"
    text = text.replace(line, f"Last updated: {effective:%B %-d, %Y}")
    return text.replace("5. Data Sharing", "5. Sharing <b>Data</b>") + more


def sent(effective: date, **other: str) -> dict[str, str]:
    return {
        "effective": str(effective),
        "material": "on",
        "summary": "A heading is clearer.\nNothing else.",
        "text": text_of(effective),
        **other,
    }


def drafted(client: Client, effective: date, **other: str) -> PolicyDraft:
    answer = client.post(f"{LIST}/new/privacy", sent(effective, **other))
    assert answer.status_code == 302, answer.content.decode()
    return PolicyDraft.objects.get(pk=answer["Location"].rsplit("/", 1)[-1])


def publish(client: Client, draft: PolicyDraft) -> list[str]:
    """Press the button of the page as it stands; return what is said then."""
    page = client.get(f"{LIST}/{draft.pk}/publish")
    seal = page.context["judged"].seal
    answer = client.post(f"{LIST}/{draft.pk}/publish", {"seal": seal}, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_two_officers_publish_a_version_and_the_site_shows_it() -> None:
    writer, other = staff_client([OFFICER]), staff_client([OFFICER])
    draft = drafted(writer, day(20))
    page = writer.get(f"{LIST}/{draft.pk}").content.decode()
    assert "lines stay as they are" in page
    assert "11. Contact" not in page
    assert "<del>5. Data Sharing</del>" in page
    assert "<ins>5. Sharing &lt;b&gt;Data&lt;/b&gt;</ins>" in page
    assert "another privacy officer publishes it" in page
    told = publish(other, draft)
    assert told[0].startswith(f"Published: privacy {day(20)}"), told

    site = Client()
    version = site.get(f"/privacy/versions/{day(20)}").content.decode()
    assert "Takes effect on" in version
    assert "5. Sharing" in version
    assert "A heading is clearer." in site.get("/").content.decode()
    assert str(day(20)) in site.get("/privacy/versions").content.decode()
    assert "<del>5. Data" in site.get(f"/privacy/versions/{day(20)}/changes").content.decode()
    assert policies.current("privacy").version == "2026-03-20"
    assert policies.current("privacy", today=day(20)).version == str(day(20))
    assert [p.version for p in notices.coming()] == [str(day(20))]
    assert checks.every_text_is_as_declared(None) == []
    assert checks.every_promise_has_a_check(None) == []
    assert probe.announced(timezone.now()).passed
    assert LogEntry.objects.filter(change_message__contains="Published; sha256").exists()


def test_people_are_asked_to_accept_it_once_it_is_in_effect() -> None:
    person = make_customer().user
    acceptances.record(person, policies.all_current())
    publish(staff_client([OFFICER]), drafted(staff_client([OFFICER]), day(20)))
    assert acceptances.missing(person) == []
    [due] = [p for p in policies.all_current(today=day(20)) if p.kind == "privacy"]
    assert due.version == str(day(20))
    assert due.sha256 == PolicyVersion.objects.get().sha256


def test_who_wrote_it_last_does_not_publish_it() -> None:
    writer, other = staff_client([OFFICER]), staff_client([OFFICER])
    draft = drafted(writer, day(20))
    [said] = publish(writer, draft)
    assert "Somebody else" in said
    other.post(f"{LIST}/{draft.pk}/edit", sent(day(21)))
    [said] = publish(other, draft)
    assert "Somebody else" in said
    assert not PolicyVersion.objects.exists()


def test_what_was_changed_since_it_was_looked_at_is_not_published() -> None:
    writer, other = staff_client([OFFICER]), staff_client([OFFICER])
    draft = drafted(writer, day(20))
    seal = other.get(f"{LIST}/{draft.pk}/publish").context["judged"].seal
    writer.post(f"{LIST}/{draft.pk}/edit", sent(day(20), summary="Something else."))
    answer = other.post(f"{LIST}/{draft.pk}/publish", {"seal": seal}, follow=True)
    assert "changed meanwhile" in str(next(iter(answer.context["messages"])))
    assert not PolicyVersion.objects.exists()


def test_a_form_sent_twice_publishes_once() -> None:
    draft = drafted(staff_client([OFFICER]), day(20))
    other = staff_client([OFFICER])
    seal = other.get(f"{LIST}/{draft.pk}/publish").context["judged"].seal
    for _ in range(2):
        other.post(f"{LIST}/{draft.pk}/publish", {"seal": seal})
    assert PolicyVersion.objects.count() == 1
    assert not PolicyDraft.objects.filter(pk=draft.pk).exists()


@pytest.mark.parametrize(
    ("days", "other", "fault"),
    [
        (13, {}, "announced 14 days ahead"),
        (0, {"material": ""}, "not ahead"),
        (20, {"summary": " "}, "This field is required"),
        (20, {"text": "same"}, "the version before it"),
        (20, {"text": "no date"}, "does not say"),
        (20, {"text": "promise"}, "No check looks after “We shall sing to you.”"),
        (-400, {}, "no later than the version"),
    ],
)
def test_what_is_wrong_is_said_and_not_published(
    days: int, other: dict[str, str], fault: str
) -> None:
    texts = {
        "same": policies.current("privacy").text,
        "no date": policies.current("privacy").text.replace("Last updated", "Updated"),
        "promise": text_of(day(days), more="\nWe shall sing to you.\n"),
    }
    fields = other | ({"text": texts[other["text"]]} if "text" in other else {})
    writer = staff_client([OFFICER])
    answer = writer.post(f"{LIST}/new/privacy", sent(day(days), **fields), follow=True)
    assert fault in answer.content.decode().replace("&#x27;", "'")
    for draft in PolicyDraft.objects.all():
        with pytest.raises(publishing.NotReady):
            publishing.publish(draft, by=make_staff(OFFICER)[0], seal=publishing.judge(draft).seal)
    assert not PolicyVersion.objects.exists()


def test_a_change_that_is_not_material_may_be_near() -> None:
    draft = drafted(staff_client([OFFICER]), day(1), material="")
    publish(staff_client([OFFICER]), draft)
    assert PolicyVersion.objects.get().material is False
    assert notices.coming() == []
    assert policies.published_faults() == []


def test_the_preview_is_the_page_of_the_site() -> None:
    writer, other = staff_client([OFFICER]), staff_client([OFFICER])
    draft = drafted(writer, day(20))
    before = _article(other.get(f"{LIST}/{draft.pk}/preview").content.decode())
    publish(other, draft)
    after = _article(other.get(f"/privacy/versions/{day(20)}").content.decode())
    assert before == after
    assert "5. Sharing" in before


def _article(page: str) -> str:
    return page[page.index('<article class="legal-text">') : page.index("</article>")]


@pytest.mark.parametrize(
    "statement",
    [
        "update privacy_policyversion set text = 'x'",
        "update privacy_policyversion set announced = announced - 1",
        "update privacy_policyversion set written_by_id = approved_by_id",
        "delete from privacy_policyversion",
        "truncate privacy_policyversion",
    ],
)
def test_the_database_keeps_what_was_published(statement: str) -> None:
    publish(staff_client([OFFICER]), drafted(staff_client([OFFICER]), day(20)))
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        transaction.get_connection().cursor() as db,
    ):
        db.execute(statement)
    row = PolicyVersion.objects.get()
    writer = row.written_by
    assert writer is not None
    # Staff are erased as anybody is.
    PolicyVersion.objects.filter(pk=row.pk).update(written_by=None)
    row.refresh_from_db()
    assert row.written_by is None


def test_only_privacy_officers_write_and_read_drafts() -> None:
    draft = drafted(staff_client([OFFICER]), day(20))
    paths = [LIST, f"{LIST}/new/terms", *(f"{LIST}/{draft.pk}{end}" for end in ENDS)]
    for role in roles.ROLES:
        client = staff_client([role])
        expected = 200 if role == OFFICER else 403
        assert {client.get(path).status_code for path in paths} == {expected}, role
    assert Client().get(LIST).status_code == 302
    support = staff_client(["support"])
    for end in ("/edit", "/publish", "/discard"):
        assert support.post(f"{LIST}/{draft.pk}{end}").status_code == 403
    assert PolicyDraft.objects.filter(pk=draft.pk).exists()


ENDS = ("", "/edit", "/preview", "/publish", "/discard")


def test_a_draft_is_discarded_on_purpose_and_it_is_logged() -> None:
    client = staff_client([OFFICER])
    draft = drafted(client, day(20))
    assert "cannot be undone" in client.get(f"{LIST}/{draft.pk}/discard").content.decode()
    assert PolicyDraft.objects.filter(pk=draft.pk).exists()
    client.post(f"{LIST}/{draft.pk}/discard")
    assert not PolicyDraft.objects.filter(pk=draft.pk).exists()
    acts = LogEntry.objects.filter(object_id=str(draft.pk)).order_by("pk")
    assert [act.change_message for act in acts] == ["Drafted.", "Discarded."]
    assert client.post(f"{LIST}/{draft.pk}/discard").status_code == 302


def test_nothing_is_published_or_changed_in_the_admin() -> None:
    publish(staff_client([OFFICER]), drafted(staff_client([OFFICER]), day(20)))
    row = PolicyVersion.objects.get()
    boss = staff_client(superuser=True)
    for model, key in (("policyversion", row.pk),):
        assert boss.get(f"/admin/privacy/{model}/{key}/change/").status_code == 200
        assert boss.post(f"/admin/privacy/{model}/{key}/change/", {"text": "x"}).status_code == 403
        assert boss.post(f"/admin/privacy/{model}/{key}/delete/").status_code == 403
        assert boss.get(f"/admin/privacy/{model}/add/").status_code == 403


def test_a_new_draft_begins_with_the_latest_text_of_a_day_that_is_right() -> None:
    draft = publishing.begin("privacy", by=make_staff(OFFICER)[0])
    assert draft.effective >= day(14)
    assert f"Last updated: {draft.effective:%B %-d, %Y}" in draft.text
    draft.summary = "Nothing but the day."
    assert publishing.judge(draft).faults == []
