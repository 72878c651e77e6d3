"""The imitated NabzClan refuses what a strict OAuth server refuses, and fails as it is told."""

import base64
import hashlib
import io
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
from PIL import Image

from tests.processes import Process, free_port, wait_until

CALLBACK = "http://127.0.0.1:9/accounts/nabzclan/login/callback/"
LISTED = "https://lumyx.test/back?from=nabzclan"
SECRET = "a secret: with & signs"
VERIFIER = "v" * 64
ALL = "identity email vip"


def challenge(verifier: str) -> str:
    """Return a verifier's S256 challenge."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class NabzClan(Process):
    """The running stand-in, and a client of it."""

    def __init__(self, *options: str, redirects: str = "") -> None:
        port = free_port()
        environment = {
            "STANDIN_NABZCLAN_CLIENT_ID": "lumyx",
            "STANDIN_NABZCLAN_CLIENT_SECRET": SECRET,
            "STANDIN_NABZCLAN_REDIRECTS": redirects,
        }
        command = ["lumyx.standins.nabzclan", f"--port={port}", *options]
        super().__init__(command, environment=environment)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.wait_for(f"{self.url}/healthz")

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(
            f"{self.url}{path}", **{"timeout": 10, "allow_redirects": False, **options}
        )

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(
            f"{self.url}{path}", **{"timeout": 10, "allow_redirects": False, **options}
        )

    def ask(self, **changes: Any) -> requests.Response:
        return self.get("/oauth/authorize", params=asking(**changes))

    def decide(self, **changes: Any) -> requests.Response:
        return self.post("/oauth/authorize", data=asking(**changes))

    def code(self, **changes: Any) -> str:
        return answer_of(self.decide(**{"person": 5, **changes}))["code"]

    def exchange(self, code: str, /, **changes: Any) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": "lumyx",
            "client_secret": SECRET,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.post("/oauth/token", data=form | changes)

    def refresh(self, token: str, /, **changes: Any) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        auth = requests.auth.HTTPBasicAuth("lumyx", quote(SECRET, safe=""))
        return self.post("/oauth/token", data=form | changes, auth=auth)

    def revoke(self, token: str, /, **changes: Any) -> requests.Response:
        form = {"client_id": "lumyx", "client_secret": SECRET, "token": token}
        return self.post("/oauth/revoke", data=form | changes)

    def user(self, token: str, **options: Any) -> requests.Response:
        return self.get("/api/user", headers={"Authorization": f"Bearer {token}"}, **options)

    def grant(self, person: int = 5, **fields: Any) -> Any:
        answer = self.post("/_control/grant", json={"person": person, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fail(self, endpoint: str, fault: str | None, **fields: Any) -> None:
        answer = self.post(
            "/_control/faults", json={"endpoint": endpoint, "fault": fault, **fields}
        )
        assert answer.status_code == 204, answer.text

    def calls(self, since: int = 0) -> Any:
        return self.get(f"/_calls?since={since}").json()


def asking(**changes: Any) -> dict[str, Any]:
    """Return the parameters of a right request with some of them changed, or None left out."""
    right = {
        "response_type": "code",
        "client_id": "lumyx",
        "redirect_uri": CALLBACK,
        "state": "state-of-mine",
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
        "scope": ALL,
    }
    return right | changes


def answer_of(answer: requests.Response, to: str = CALLBACK) -> dict[str, str]:
    """Return what a redirect brings back to the client."""
    assert answer.status_code in (302, 303), answer.text
    assert answer.headers["Location"].startswith(to)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def assert_refused(answer: requests.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"


def assert_dead(nabzclan: NabzClan, token: str) -> None:
    answer = nabzclan.user(token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.fixture(scope="session")
def process() -> Iterator[NabzClan]:
    process = NabzClan()
    yield process
    process.stop()


@pytest.fixture
def nabzclan(process: NabzClan) -> NabzClan:
    assert process.post("/_control/reset").status_code == 204
    return process


def test_a_person_who_consents_is_signed_in(nabzclan: NabzClan) -> None:
    page = nabzclan.ask()
    assert page.status_code == 200
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    form = {name: unescape(value) for name, value in hidden}
    assert form == asking()
    back = nabzclan.post("/oauth/authorize", data={**form, "person": "4"})
    fields = answer_of(back)
    assert fields["state"] == "state-of-mine"
    answer = nabzclan.exchange(fields["code"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == ALL
    user = nabzclan.user(tokens["access_token"]).json()
    assert user == {
        "id": 4,
        "name": "sirius",
        "nabzclan_user_id": "4",
        "email": "sirius@nabzclan.test",
        "email_verified": True,
        "avatar": f"{nabzclan.url}/avatars/4.png",
        "plan": {"name": "VIP 3", "expires_at": user["plan"]["expires_at"]},
        "birth_year": 1990,
        "role": "member",
    }
    ahead = datetime.fromisoformat(user["plan"]["expires_at"]) - datetime.now(UTC)
    assert 198 <= ahead.days <= 200


def test_the_consent_page_names_everybody_and_runs_no_script(nabzclan: NabzClan) -> None:
    nabzclan.post("/_control/people/1", json={"name": "<script>"})
    page = nabzclan.ask(prompt="login", max_age="0")
    buttons = re.findall(r'<button class="person".*?</button>', page.text)
    words = [" ".join(re.sub(r"<[^>]+>", " ", button).split()) for button in buttons]
    assert words == [
        "&lt;script&gt; No VIP",
        "vega VIP 1",
        "rigel VIP 2",
        "sirius VIP 3",
        "altair VIP 4",
        "pixie under 13 No VIP",
        "atlas staff No VIP",
    ]
    assert "NabzClan (imitation)" in page.text
    assert "Refuse</button>" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9;" in policy
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'<style nonce="{nonce[1]}">' in page.text


def test_a_person_may_refuse(nabzclan: NabzClan) -> None:
    fields = answer_of(nabzclan.decide(refuse="1"))
    assert (fields["error"], fields["state"]) == ("access_denied", "state-of-mine")
    assert "code" not in fields


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": ["lumyx", "lumyx"]},
        {"redirect_uri": None},
        {"redirect_uri": "http://example.com/accounts/nabzclan/login/callback/"},
        {"redirect_uri": "http://127.0.0.1.example.com/accounts/nabzclan/login/callback/"},
        {"redirect_uri": "http://127.0.0.1@example.com/accounts/nabzclan/login/callback/"},
        {"redirect_uri": CALLBACK.replace("127", "me@127")},
        {"redirect_uri": CALLBACK.removesuffix("/")},
        {"redirect_uri": CALLBACK + "?next=x"},
        {"redirect_uri": CALLBACK + "#x"},
        {"redirect_uri": CALLBACK.replace("login", "x/../login")},
        {"redirect_uri": CALLBACK.replace("http:", "ftp:")},
        {"redirect_uri": CALLBACK.replace(":9/", ":port/")},
        {"redirect_uri": [CALLBACK, CALLBACK]},
    ],
)
def test_a_wrong_client_or_address_is_never_redirected_to(
    nabzclan: NabzClan, changes: dict[str, Any]
) -> None:
    for answer in (nabzclan.ask(**changes), nabzclan.decide(person=1, **changes)):
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"state": None}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"state": ["one", "two"]}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "identity admin"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_sent_back_with_its_error(
    nabzclan: NabzClan, changes: dict[str, Any], error: str
) -> None:
    for answer in (nabzclan.ask(**changes), nabzclan.decide(person=1, **changes)):
        fields = answer_of(answer)
        assert fields["error"] == error
        assert "code" not in fields
        expected = None if "state" in changes else "state-of-mine"
        assert fields.get("state") == expected


def test_a_person_who_is_not_there_cannot_consent(nabzclan: NabzClan) -> None:
    for person in (None, "0", "99999", "nova"):
        assert nabzclan.decide(person=person).status_code == 400


def test_only_listed_addresses_are_right_where_some_are_listed() -> None:
    nabzclan = NabzClan(redirects=f"{LISTED}, https://lumyx.test/other")
    try:
        assert nabzclan.ask().status_code == 400
        assert nabzclan.ask(redirect_uri=LISTED + "x").status_code == 400
        back = nabzclan.decide(redirect_uri=LISTED, person=1)
        fields = answer_of(back, to=f"{LISTED}&")
        assert fields["from"] == "nabzclan"
        assert nabzclan.exchange(fields["code"], redirect_uri=LISTED).status_code == 200
    finally:
        nabzclan.stop()


@pytest.mark.parametrize(
    ("changes", "error", "status"),
    [
        ({"client_id": "another"}, "invalid_client", 401),
        ({"client_secret": "wrong"}, "invalid_client", 401),
        ({"client_secret": None}, "invalid_client", 401),
        ({"code": "unknown"}, "invalid_grant", 400),
        ({"code": None}, "invalid_request", 400),
        ({"redirect_uri": CALLBACK.replace(":9/", ":10/")}, "invalid_grant", 400),
        ({"redirect_uri": None}, "invalid_request", 400),
        ({"code_verifier": "w" * 64}, "invalid_grant", 400),
        ({"code_verifier": challenge(VERIFIER)}, "invalid_grant", 400),
        ({"code_verifier": None}, "invalid_request", 400),
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"grant_type": None}, "invalid_request", 400),
        ({"grant_type": ["authorization_code"] * 2}, "invalid_request", 400),
    ],
)
def test_a_wrong_exchange_is_refused(
    nabzclan: NabzClan, changes: dict[str, Any], error: str, status: int
) -> None:
    answer = nabzclan.exchange(nabzclan.code(), **changes)
    assert_refused(answer, error, status)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("length", [42, 129])
def test_a_verifier_has_43_to_128_characters(nabzclan: NabzClan, length: int) -> None:
    for right, status in ((min(max(length, 43), 128), 200), (length, 400)):
        verifier = "x" * right
        code = nabzclan.code(code_challenge=challenge(verifier))
        assert nabzclan.exchange(code, code_verifier=verifier).status_code == status


def test_a_wrong_verifier_uses_the_code_up(nabzclan: NabzClan) -> None:
    code = nabzclan.code()
    assert_refused(nabzclan.exchange(code, code_verifier="w" * 64), "invalid_grant")
    assert_refused(nabzclan.exchange(code), "invalid_grant")


def test_a_replayed_code_ends_the_tokens_made_from_it(nabzclan: NabzClan) -> None:
    code = nabzclan.code()
    tokens = nabzclan.exchange(code).json()
    assert nabzclan.user(tokens["access_token"]).ok
    assert_refused(nabzclan.exchange(code), "invalid_grant")
    assert_dead(nabzclan, tokens["access_token"])
    assert_refused(nabzclan.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_code_expires() -> None:
    nabzclan = NabzClan("--code-seconds=0")
    try:
        answer = nabzclan.exchange(nabzclan.code())
        assert_refused(answer, "invalid_grant")
        assert "expired" in answer.json()["error_description"]
    finally:
        nabzclan.stop()


def test_the_client_authenticates_in_one_way_and_sends_a_form(nabzclan: NabzClan) -> None:
    body = {"grant_type": "refresh_token", "refresh_token": nabzclan.grant()["refresh_token"]}
    own = {"client_id": "lumyx", "client_secret": SECRET}
    right = requests.auth.HTTPBasicAuth("lumyx", quote(SECRET, safe=""))
    twice = nabzclan.post("/oauth/token", data=body | own, auth=right)
    assert_refused(twice, "invalid_request")
    other = nabzclan.post("/oauth/token", data=body | {"client_id": "x"}, auth=right)
    assert_refused(other, "invalid_request")
    assert_refused(nabzclan.post("/oauth/token", json=body | own), "invalid_request")
    assert_refused(nabzclan.post("/oauth/token", params=body | own), "invalid_request")
    wrong = nabzclan.post("/oauth/token", data=body, auth=("lumyx", "wrong"))
    assert_refused(wrong, "invalid_client", 401)
    assert wrong.headers["WWW-Authenticate"].startswith("Basic ")
    garbage = nabzclan.post("/oauth/token", data=body, headers={"Authorization": "Basic %%"})
    assert_refused(garbage, "invalid_client", 401)
    assert nabzclan.post("/oauth/token", data=body, auth=right).status_code == 200


def test_a_refresh_token_rotates_and_its_reuse_ends_the_family(nabzclan: NabzClan) -> None:
    first = nabzclan.grant()
    second = nabzclan.refresh(first["refresh_token"]).json()
    assert second["scope"] == ALL
    assert second["refresh_token"] != first["refresh_token"]
    assert nabzclan.user(second["access_token"]).json()["name"] == "altair"
    assert_refused(nabzclan.refresh(first["refresh_token"]), "invalid_grant")
    assert_dead(nabzclan, second["access_token"])
    assert_refused(nabzclan.refresh(second["refresh_token"]), "invalid_grant")


def test_a_refresh_may_narrow_the_scope_but_not_widen_it(nabzclan: NabzClan) -> None:
    token = nabzclan.grant(scope="identity vip")["refresh_token"]
    assert_refused(nabzclan.refresh(token, scope=ALL), "invalid_scope")
    narrow = nabzclan.refresh(token, scope="identity").json()
    assert narrow["scope"] == "identity"
    assert "plan" not in nabzclan.user(narrow["access_token"]).json()
    assert nabzclan.refresh(narrow["refresh_token"]).json()["scope"] == "identity vip"


def test_a_revoked_token_opens_nothing(nabzclan: NabzClan) -> None:
    tokens, others = nabzclan.grant(), nabzclan.grant()
    assert nabzclan.revoke(tokens["access_token"]).status_code == 200
    assert_dead(nabzclan, tokens["access_token"])
    newer = nabzclan.refresh(tokens["refresh_token"]).json()
    hint = {"token_type_hint": "access_token"}
    assert nabzclan.revoke(newer["refresh_token"], **hint).status_code == 200
    assert_dead(nabzclan, newer["access_token"])
    assert_refused(nabzclan.refresh(newer["refresh_token"]), "invalid_grant")
    assert nabzclan.user(others["access_token"]).ok


def test_revoking_needs_the_client_but_not_a_known_token(nabzclan: NabzClan) -> None:
    token = nabzclan.grant()["access_token"]
    assert_refused(nabzclan.revoke(token, client_secret="wrong"), "invalid_client", 401)
    assert nabzclan.user(token).ok
    assert nabzclan.revoke("unknown").status_code == 200
    assert_refused(nabzclan.revoke(""), "invalid_request")


def test_scopes_hide_fields(nabzclan: NabzClan) -> None:
    def shown(scope: str) -> set[str]:
        return set(nabzclan.user(nabzclan.grant(scope=scope)["access_token"]).json())

    everything = shown(ALL)
    assert everything - shown("identity") == {"email", "email_verified", "plan"}
    assert everything - shown("identity email") == {"plan"}
    assert everything - shown("identity vip") == {"email", "email_verified"}


def test_only_a_live_token_opens_the_user_endpoint(nabzclan: NabzClan) -> None:
    assert_dead(nabzclan, "unknown")
    assert_dead(nabzclan, nabzclan.grant(expires_in=0)["access_token"])
    assert_dead(nabzclan, nabzclan.grant()["refresh_token"])
    token = nabzclan.grant()["access_token"]
    assert nabzclan.get("/api/user", headers={"Authorization": f"Basic {token}"}).status_code == 401
    assert nabzclan.get(f"/api/user?access_token={token}").status_code == 401


def test_the_default_people_are_as_described(nabzclan: NabzClan) -> None:
    people = [nabzclan.user(nabzclan.grant(n)["access_token"]).json() for n in range(1, 8)]
    names = ["nova", "vega", "rigel", "sirius", "altair", "pixie", "atlas"]
    assert [person["name"] for person in people] == names
    levels = [person["plan"] and person["plan"]["name"] for person in people]
    assert levels == [None, "VIP 1", "VIP 2", "VIP 3", "VIP 4", None, None]
    assert people[4]["plan"]["expires_at"] is None
    assert people[5]["birth_year"] == datetime.now(UTC).year - 11
    assert people[6]["role"] == "staff"


def test_tests_make_and_change_people(nabzclan: NabzClan) -> None:
    first, second = (nabzclan.post("/_control/people", json={}).json()["id"] for _ in range(2))
    token = nabzclan.grant(first)["access_token"]
    other = nabzclan.user(nabzclan.grant(second)["access_token"]).json()
    user = nabzclan.user(token).json()
    assert (user["name"], user["plan"]) == (f"person-{first}", None)
    assert user["email"] != other["email"]
    change = {"vip": 3, "vip_expires_at": None, "name": "new", "email": "a@b.test", "avatar": "x"}
    assert nabzclan.post(f"/_control/people/{first}", json=change).status_code == 200
    changed = nabzclan.user(token).json()
    assert changed["plan"] == {"name": "VIP 3", "expires_at": None}
    assert [changed[name] for name in ("name", "email", "avatar")] == ["new", "a@b.test", "x"]
    nabzclan.post(f"/_control/people/{first}", json={"vip": None})
    assert nabzclan.user(token).json() == changed | {"plan": None}
    assert nabzclan.post("/_control/people/999999", json={}).status_code == 404
    assert nabzclan.post("/_control/people/1", json={"vpi": 3}).status_code == 400
    nabzclan.post("/_control/reset")
    assert_dead(nabzclan, token)
    assert nabzclan.post("/_control/people", json={}).json()["id"] > second


def call_endpoint(nabzclan: NabzClan, endpoint: str) -> requests.Response:
    if endpoint == "user":
        return nabzclan.user(nabzclan.grant()["access_token"])
    if endpoint == "token":
        return nabzclan.refresh(nabzclan.grant()["refresh_token"])
    return nabzclan.ask() if endpoint == "authorize" else nabzclan.revoke("unknown")


@pytest.mark.parametrize("endpoint", ["user", "token", "authorize", "revoke"])
def test_each_endpoint_fails_as_it_is_told(nabzclan: NabzClan, endpoint: str) -> None:
    for status in ("500", "503", "429"):
        nabzclan.fail(endpoint, status)
        answer = call_endpoint(nabzclan, endpoint)
        assert answer.status_code == int(status)
        assert ("Retry-After" in answer.headers) == (status == "429")
    nabzclan.fail(endpoint, "garbage")
    with pytest.raises(ValueError):
        call_endpoint(nabzclan, endpoint).json()
    nabzclan.fail(endpoint, "html")
    assert call_endpoint(nabzclan, endpoint).headers["Content-Type"].startswith("text/html")
    nabzclan.fail(endpoint, "empty")
    answer = call_endpoint(nabzclan, endpoint)
    assert (answer.status_code, answer.content) == (200, b"")
    nabzclan.fail(endpoint, "reset")
    with pytest.raises(requests.ConnectionError):
        call_endpoint(nabzclan, endpoint)
    nabzclan.fail(endpoint, None)
    assert call_endpoint(nabzclan, endpoint).ok


def test_wrong_types_are_json_that_no_client_should_believe(nabzclan: NabzClan) -> None:
    nabzclan.fail("user", "wrong-types")
    user = call_endpoint(nabzclan, "user").json()
    assert not isinstance(user["id"], int | str)
    assert isinstance(user["plan"], str)
    nabzclan.fail("token", "wrong-types")
    assert call_endpoint(nabzclan, "token").json()["access_token"] == 7


def test_a_user_may_come_without_an_id(nabzclan: NabzClan) -> None:
    nabzclan.fail("user", "no-id")
    user = call_endpoint(nabzclan, "user").json()
    assert user["name"] == "altair"
    assert not {"id", "nabzclan_user_id"} & set(user)


def test_a_timeout_holds_the_connection(nabzclan: NabzClan) -> None:
    nabzclan.fail("user", "timeout")
    token = nabzclan.grant()["access_token"]
    with pytest.raises(requests.Timeout):
        nabzclan.user(token, timeout=0.3)
    assert nabzclan.calls()[-1]["status"] is None


def test_a_fault_ends_after_its_times(nabzclan: NabzClan) -> None:
    nabzclan.fail("user", "503", times=2)
    statuses = [call_endpoint(nabzclan, "user").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


def test_a_fault_may_be_one_persons_alone(nabzclan: NabzClan) -> None:
    nabzclan.fail("user", "500", person=2)
    assert nabzclan.user(nabzclan.grant(2)["access_token"]).status_code == 500
    assert nabzclan.user(nabzclan.grant(3)["access_token"]).status_code == 200
    wrong = {"endpoint": "token", "fault": "500", "person": 2}
    assert nabzclan.post("/_control/faults", json=wrong).status_code == 400
    assert nabzclan.post("/_control/faults", json={"endpoint": "x"}).status_code == 400


def test_calls_are_listed_without_secrets(nabzclan: NabzClan) -> None:
    nabzclan.ask(prompt="login", max_age="0")
    code = nabzclan.code()
    tokens = nabzclan.exchange(code).json()
    nabzclan.user(tokens["access_token"])
    nabzclan.revoke(tokens["refresh_token"])
    calls = nabzclan.calls()
    assert [(call["method"], call["path"], call["status"]) for call in calls] == [
        ("GET", "/oauth/authorize", 200),
        ("POST", "/oauth/authorize", 303),
        ("POST", "/oauth/token", 200),
        ("GET", "/api/user", 200),
        ("POST", "/oauth/revoke", 200),
    ]
    assert calls[0]["query"] == asking(prompt="login", max_age="0")
    exchanged = calls[2]["form"]
    assert exchanged["redirect_uri"] == CALLBACK
    assert [name for name, value in exchanged.items() if value is None] == [
        "client_secret",
        "code",
        "code_verifier",
    ]
    assert "Authorization" in calls[3]["headers"]
    listed = nabzclan.get("/_calls").text
    for secret in (SECRET, VERIFIER, code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in listed
    assert nabzclan.calls(since=calls[2]["n"]) == calls[3:]


def test_nothing_is_logged() -> None:
    nabzclan = NabzClan()
    try:
        nabzclan.exchange(nabzclan.code())
        nabzclan.fail("user", "reset")
        with pytest.raises(requests.ConnectionError):
            call_endpoint(nabzclan, "user")
        for name in ("huge", "slow"):
            nabzclan.get(f"/avatars/hostile/{name}", stream=True).close()
        nabzclan.decide(person="9" * 5000)
        nabzclan.exchange("\0", client_id="\N{SNOWMAN}", code_verifier=b"\xff")
        time.sleep(0.2)
        assert nabzclan.text() == ""
    finally:
        nabzclan.stop()


def test_everybody_has_an_avatar_of_their_own(nabzclan: NabzClan) -> None:
    pictures = [nabzclan.get(f"/avatars/{number}.png").content for number in range(1, 60)]
    assert len(set(pictures)) == len(pictures)
    assert nabzclan.get("/avatars/1.png").content == pictures[0]
    for picture in pictures:
        shown = Image.open(io.BytesIO(picture))
        assert (shown.format, shown.size) == ("PNG", (256, 256))
        assert len(shown.getcolors() or []) == 2


def test_hostile_avatars_are_what_they_claim_to_be(nabzclan: NabzClan) -> None:
    def hostile(name: str) -> requests.Response:
        return nabzclan.get(f"/avatars/hostile/{name}")

    for name, kind in (("svg", "image/png"), ("svg-honest", "image/svg+xml")):
        answer = hostile(name)
        assert answer.headers["Content-Type"] == kind
        assert b"<script>" in answer.content
    redirect = hostile("redirect")
    assert redirect.status_code == 302
    assert redirect.headers["Location"] == "http://169.254.169.254/latest/meta-data/"
    with pytest.raises(requests.TooManyRedirects):
        nabzclan.get("/avatars/hostile/loop", allow_redirects=True)
    assert hostile("empty").content == b""
    assert hostile("html").headers["Content-Type"].startswith("text/html")
    assert hostile("500").status_code == 500
    assert hostile("unknown").status_code == 404
    garbage = hostile("garbage")
    assert garbage.headers["Content-Type"] == "image/png"
    with pytest.raises(OSError):
        Image.open(io.BytesIO(garbage.content))


def test_the_bomb_is_small_until_it_is_decoded(nabzclan: NabzClan) -> None:
    bomb = nabzclan.get("/avatars/hostile/bomb").content
    assert len(bomb) < 100_000
    assert (int.from_bytes(bomb[16:20]), int.from_bytes(bomb[20:24])) == (20_000, 20_000)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(bomb))


def test_the_huge_avatar_says_no_length(nabzclan: NabzClan) -> None:
    answer = nabzclan.get("/avatars/hostile/huge", stream=True)
    assert "Content-Length" not in answer.headers
    assert sum(len(piece) for piece in answer.iter_content(1 << 20)) > 64 << 20


def test_the_slow_avatar_drips(nabzclan: NabzClan) -> None:
    with socket.create_connection(("127.0.0.1", nabzclan.port), timeout=10) as client:
        client.sendall(b"GET /avatars/hostile/slow HTTP/1.1\r\nHost: x\r\n\r\n")
        received, began = b"", time.monotonic()
        while not received.partition(b"\r\n\r\n")[2][1:]:
            received += client.recv(65_536)
        assert time.monotonic() - began > 0.9
        assert received.partition(b"\r\n\r\n")[2] == b"\x89P"


def test_the_located_avatar_says_where_it_was_taken(nabzclan: NabzClan) -> None:
    picture = Image.open(io.BytesIO(nabzclan.get("/avatars/hostile/exif").content))
    assert picture.format == "JPEG"
    assert picture.getexif().get_ifd(0x8825)[1] == "N"


def test_the_animated_avatar_has_fifty_frames(nabzclan: NabzClan) -> None:
    picture = Image.open(io.BytesIO(nabzclan.get("/avatars/hostile/animated").content))
    assert getattr(picture, "n_frames", 1) == 50


def test_it_serves_loopback_alone() -> None:
    process = Process(["lumyx.standins.nabzclan", "--host=0.0.0.0", "--port=1"], environment={})
    wait_until(lambda: "invalid loopback value" in process.text(), seconds=20)
    process.stop()
