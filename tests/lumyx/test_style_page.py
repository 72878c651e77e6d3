"""The style page shows staff every component in every state; no template is a mere name."""

import re

import pytest
from django.conf import settings
from django.test import Client

from tests.staff import make_staff, staff_client

TEMPLATES = settings.BASE_DIR / "templates"
COMPONENTS = sorted(path.name for path in (TEMPLATES / "components").glob("*.html"))


@pytest.fixture(scope="module")
def page(database: None) -> str:
    return staff_client(["support"]).get("/staff/style").content.decode()


def test_every_component_is_on_the_page(database: None) -> None:
    answer = staff_client(["support"]).get("/staff/style")
    shown = {template.name for template in answer.templates}
    assert [name for name in COMPONENTS if f"components/{name}" not in shown] == []


@pytest.mark.parametrize(
    "state",
    [
        *(f'data-kind="{kind}"' for kind in ("primary", "danger", "plain")),
        *(f'class="badge" data-mood="{mood}"' for mood in ("good", "warn", "bad", "lumen")),
        *(f'class="banner" data-mood="{mood}"' for mood in ("good", "warn", "bad")),
        *(f'class="banner toast" data-mood="{mood}"' for mood in ("good", "warn", "bad")),
        *('aria-busy="true"', "disabled", 'aria-invalid="true"', 'role="switch"', "<select"),
        *('aria-sort="ascending"', 'aria-sort="descending"', 'role="search"', ">Older<", ">Newer<"),
        *('class="skeleton"', "This could not be loaded", "No keys yet", "<dialog", "data-long"),
        *('role="tab"', 'id="secret"', 'class="spark"', 'aria-current="step"', "<ins>", "<del>"),
        *("just now", "never", " ago<", ">in ", "micro-credits", "data-chart"),
    ],
)
def test_every_state_is_on_the_page(page: str, state: str) -> None:
    assert state in page


def test_every_button_that_opens_a_dialog_has_one(page: str) -> None:
    opened = re.findall(r'data-open="([^"]+)"', page)
    assert opened
    assert [name for name in opened if f'<dialog class="dialog" id="{name}"' not in page] == []


def test_no_template_is_empty() -> None:
    empty = [path for path in TEMPLATES.rglob("*.html") if not path.read_text().strip()]
    assert empty == []


def test_only_staff_see_it(database: None) -> None:
    client = Client()
    assert client.get("/staff/style").status_code == 302
    user, _ = make_staff("support")
    user.is_staff = False
    user.save(update_fields=["is_staff"])
    client.force_login(user)
    assert client.get("/staff/style").status_code == 404
