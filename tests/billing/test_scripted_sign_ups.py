"""A script that signs the same people in again and again gets the free credits once for each."""

from concurrent.futures import ThreadPoolExecutor

from accounts.models import User
from billing.models import MICRO, Account, LedgerEntry
from tests.people import Browser, NabzClanProcess
from tests.processes import Server

PEOPLE, SIGN_INS = 3, 5


def test_the_free_credits_come_once_for_each_person(
    environment: dict[str, str], nabzclan: NabzClanProcess
) -> None:
    people = [int(nabzclan.new_person()["id"]) for _ in range(PEOPLE)]
    server = Server(environment={**environment, "SIGNUP_CREDITS": "2"}, workers=2)
    try:
        with ThreadPoolExecutor(PEOPLE * SIGN_INS) as script:
            pages = list(script.map(lambda who: Browser(server).sign_in(who), people * SIGN_INS))
    finally:
        server.stop()
    assert {page.status_code for page in pages} <= {200, 409, 429}
    users = User.objects.filter(nabzclan_id__in=people)
    assert users.count() == PEOPLE
    for user in users:
        account = Account.objects.get(user=user)
        amounts = LedgerEntry.objects.filter(account=account).values_list("amount", flat=True)
        assert (account.balance, list(amounts)) == (2 * MICRO, [2 * MICRO])
