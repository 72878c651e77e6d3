"""The admin's side bar leads each role to what it may open, and to nothing else."""

import re

import pytest

from accounts import roles
from tests.staff import staff_client

LINK = re.compile(r'href="(/admin/[^"#?]*)"')


def links(page: str) -> set[str]:
    """Return where the admin's own links on a page lead."""
    return set(LINK.findall(page)) - {"/admin/logout/"}


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_every_link_of_a_role_opens(database: None, role: str) -> None:
    client = staff_client([role])
    found = links(client.get("/admin/").content.decode())
    assert len(found) > 3, found
    assert {link: client.get(link).status_code for link in found} == dict.fromkeys(found, 200)


def test_the_side_bar_names_what_staff_do(database: None) -> None:
    page = staff_client(superuser=True).get("/admin/").content.decode()
    for title in ("Customers", "Catalogue", "Operations", "Finance", "Privacy"):
        assert title in page
