"""A provider asked once by a member of staff: a real call that costs nothing, told in our words."""

from django.contrib.admin.models import CHANGE, LogEntry

from accounts.models import User
from gateway import probes
from gateway.models import Provider, ProviderCheck

ANSWERED = "It answered with its list of models."
WITHOUT_A_LIST = "It answered, and has no list of models: this says nothing of the key."

WORDS = {
    "key_refused": "It refused the key.",
    "timeout": f"It did not answer within {probes.READ_SECONDS} seconds.",
    "unreachable": "No connection was made: the name, the port or its certificate is at fault.",
    "address_refused": "Its address is none that we call, so it was not called.",
    "status_429": "It answered that it is too busy, or that we called too often.",
}
"""What each reason of a check means to staff."""


def run(provider: Provider, *, by: User) -> ProviderCheck:
    """Ask a provider for its list of models with its stored key; keep and log what was found."""
    check = probes.probe(provider)
    probes.note(provider, check)
    LogEntry.objects.log_actions(
        by.pk, [provider], CHANGE, f"Tested the connection: {outcome(check)}", single_object=True
    )
    return check


def outcome(check: ProviderCheck) -> str:
    """Return what a check found, in a few words for the log."""
    status = "no answer" if check.status is None else f"status {check.status}"
    return f"{'answered' if check.reachable else check.reason}, {status}."


def told(check: ProviderCheck) -> str:
    """Return what the provider said, in a sentence of ours; its own words are never kept."""
    if check.reachable:
        return WITHOUT_A_LIST if check.status in probes.WITHOUT_A_LIST else ANSWERED
    if check.reason in WORDS:
        return WORDS[check.reason]
    status = check.status or 0
    if 300 <= status < 400:
        return "It sent us to another address, where we do not follow."
    return "It has an error of its own." if status >= 500 else "It did not take the question."
