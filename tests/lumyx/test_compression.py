"""Pages travel compressed, and say the same."""

import requests

from tests.processes import Server


def test_a_page_comes_compressed_to_who_can_read_that(server: Server) -> None:
    plain = requests.get(server.url, headers={"Accept-Encoding": "identity"}, timeout=10)
    packed = requests.get(server.url, headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) * 2 < len(plain.content)
    title = "<title>LumyxAI"
    assert title in packed.text
    assert title in plain.text
