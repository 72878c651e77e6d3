"""The playground calls models for who is signed in: by their session, never by a key."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.conf import settings

from accounts import states
from accounts.models import Session, User
from billing import accounts, ledger
from billing.amounts import in_credits
from billing.models import MICRO, Hold
from gateway import keys
from gateway.models import ApiKey, KeyKind, VipLevel
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.gateway.test_content_is_never_kept import everything_stored
from tests.people import Browser, NabzClanProcess
from tests.processes import ProviderProcess, Server, wait_until
