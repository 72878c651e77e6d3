"""People who come from NabzClan in tests: the stand-in, and a browser without scripts."""

import html
import os
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.processes import Process, Server, free_port

MAIL = Path(tempfile.gettempdir()) / f"lumyx-mail-{os.getpid()}"
"""Where the server writes the mail that it would send."""
NABZCLAN_PATHS = {
    "NABZCLAN_AUTHORIZE_URL": "/oauth/authorize",
    "NABZCLAN_TOKEN_URL": "/oauth/token",
    "NABZCLAN_USER_URL": "/api/user",
    "NABZCLAN_REVOKE_URL": "/oauth/revoke",
}


class NabzClanProcess(Process):
    """The stand-in of NabzClan."""

    def __init__(self) -> None:
        port = free_port()
        super().__init__(["lumyx.standins.nabzclan", f"--port={port}"], environment={})
        self.url = f"http://127.0.0.1:{port}"
        self.wait_for(f"{self.url}/healthz")

    def control(self, path: str, **fields: Any) -> Any:
        """Tell the stand-in what to do."""
        answer = requests.post(f"{self.url}/_control/{path}", json=fields, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def new_person(self, **fields: Any) -> dict[str, Any]:
        """Make a person; the id is in the answer."""
        person: dict[str, Any] = self.control("people", **fields)
        return person

    def fault(self, endpoint: str, fault: str | None, **fields: Any) -> None:
        """Let an endpoint fail, or work again."""
        self.control("faults", endpoint=endpoint, fault=fault, **fields)


class Browser(requests.Session):
    """A browser without scripts: it keeps cookies and sends forms as the pages have them."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.page: requests.Response | None = None

    def open(self, path: str, **how: Any) -> requests.Response:
        """Open a page, follow where it leads, and remember it."""
        self.page = self.get(urljoin(self.server.url, path), timeout=20, **how)
        return self.page

    def submit(self, path: str, **fields: Any) -> requests.Response:
        """Send a form of ours with the page's tokens, unless told others."""
        assert self.page is not None
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page.text)
        assert token is not None, self.page.text[:500]
        files = fields.pop("files", None)
        url = urljoin(self.server.url, path)
        data = {"csrfmiddlewaretoken": token[1], **fields}
        if once := re.search(r'name="once" value="([^"]+)"', self.page.text):
            data = {"once": once[1], **data}
        self.page = self.post(url, data=data, files=files, timeout=20)
        return self.page

    def go_to_nabzclan(self, next_path: str = "") -> requests.Response:
        """Press the button on the sign-in page; the page is then NabzClan's consent page."""
        self.open(f"{self.server.url}/sign-in")
        return self.submit("/accounts/nabzclan/login/", next=next_path)

    def consent(self, person: int) -> requests.Response:
        """Choose a person on NabzClan's consent page, and come back."""
        assert self.page is not None
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page.text)
        hidden = {name: html.unescape(value) for name, value in found}
        url = self.page.url.split("?")[0]
        self.page = self.post(url, data=hidden | {"person": str(person)}, timeout=40)
        return self.page

    def sign_in(self, person: int, next_path: str = "") -> requests.Response:
        """Sign in as a person, and accept what a newcomer is asked."""
        self.go_to_nabzclan(next_path)
        page = self.consent(person)
        if page.url.endswith("/welcome"):
            page = self.submit("/welcome", age="13", accept="on")
        return page
