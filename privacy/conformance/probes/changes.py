"""Section 10: nothing in the documents changes unseen."""

from datetime import datetime

from privacy import notices, policies
from privacy.conformance import site
from privacy.conformance.finding import Clause, Finding, broken, count, kept


def announced(now: datetime) -> Finding:
    """Find texts that are not as declared, and people who were not told in time."""
    faults, late = [*policies.faults(), *policies.published_faults()], notices.late(now=now)
    coming = notices.coming(today=now.date())
    unseen = [p.version for p in coming if p.version not in site.text_of(site.visit("/"))]
    if faults or late or unseen:
        return broken(
            f"{count(len(faults), 'text')} not as declared, {count(late, 'person', 'people')} not"
            f" told 14 days ahead, {len(unseen)} changes not announced on the site.",
            details="; ".join([*faults, *unseen]),
            faults=len(faults),
            late=late,
        )
    words = ", ".join(f"{p.title} from {p.effective:%-d %B %Y}" for p in coming)
    return kept(
        f"Every text is as declared; {f'announced: {words}' if words else 'no change is ahead'}.",
        faults=0,
        late=0,
    )


def dated(now: datetime) -> Finding:
    """Compare the page of the policy with the text of its version, and the date in it."""
    policy = policies.current("privacy", today=now.date())
    answer = site.visit("/privacy")
    page = site.text_of(answer)
    words = f"Last updated: {policy.effective:%B %-d, %Y}"
    if answer.status_code != 200 or words not in page or policy.sha256 not in page:
        return broken("The page of the policy does not show the date of its own version.")
    return kept(f"The page says “{words}”, which is its version.", version=policy.version)


CLAUSES = [
    Clause(
        id="10-notice",
        section="10",
        sentences=("We will notify you of material changes through the Service or by email.",),
        check="Each text's digest must be the declared one. A material change must be on the site,"
        " and everybody with an address told 14 days ahead.",
        probe=announced,
    ),
    Clause(
        id="10-date",
        section="10",
        sentences=(
            "Last updated: March 20, 2026",
            'The "Last updated" date at the top indicates when the policy was last revised.',
        ),
        check="The page of the policy is opened: the date at its top must be the day of the"
        " version in effect, and the digest that of its text.",
        probe=dated,
    ),
]
