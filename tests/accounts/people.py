"""Members of NabzClan who have signed in."""

from typing import Any

from accounts.models import User
from tests.people import Browser, NabzClanProcess


def new_member(browser: Browser, nabzclan: NabzClanProcess, **fields: Any) -> User:
    """Make a person at NabzClan and sign them in for the first time."""
    person = nabzclan.new_person(**fields)
    page = browser.sign_in(person["id"])
    assert page.status_code == 200, page.text[:500]
    return User.objects.get(nabzclan_id=str(person["id"]))
