"""Every setting of LumyxAI, read from the environment in this one place."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from lumyx import env
from lumyx.office import frame

BASE_DIR = Path(__file__).resolve().parent.parent
environment = env.Environment()

DEBUG = environment.read("DEBUG", env.flag, default=False)
# Stand-ins for the outside companies (AI providers, Stripe, NabzClan); never in production.
STANDINS = environment.read("STANDINS", env.flag, default=DEBUG)

INSECURE = "insecure-development-only-"


def secret(name: str) -> str:
    """Return a secret, which only development may leave unset."""
    if DEBUG:
        return environment.read(name, env.text, default=INSECURE + name.lower())
    return environment.require(name, env.text, stand_in="")


SECRET_KEY = secret("SECRET_KEY") or "missing"
KEY_PEPPERS: dict[int, str] = (
    environment.read("KEY_PEPPERS", env.peppers, default={1: INSECURE + "key-pepper"})
    if DEBUG
    else environment.require("KEY_PEPPERS", env.peppers, stand_in={1: "missing"})
)
# Fernet keys, newest first: `cryptography.fernet.Fernet.generate_key()`.
ENCRYPTION_KEYS: list[str] = (
    environment.read("ENCRYPTION_KEYS", env.fernet_keys, default=[env.INSECURE_FERNET_KEY])
    if DEBUG
    else environment.require("ENCRYPTION_KEYS", env.fernet_keys, stand_in=[])
)

PUBLIC_URL = environment.read(
    "PUBLIC_URL", env.url("http", "https"), default="http://127.0.0.1:8000"
)
HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = environment.read(
    "ALLOWED_HOSTS", env.words, default=["127.0.0.1", "localhost", "[::1]"]
)
TRUSTED_PROXY_COUNT = environment.read("TRUSTED_PROXY_COUNT", env.whole(0, 10), default=0)

# Database and Redis: PostgreSQL is the truth, Redis may be flushed at any time.
POSTGRESQL = environment.require("DATABASE_URL", env.postgresql, stand_in={"NAME": "missing"})
POSTGRESQL_GUARDS = (
    "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000"
)
# The most connections that the pages of one web process have; the API's are apart. Only a web
# process pools them: Celery's worker forks, which connections do not outlive.
WEBSITE_CONNECTIONS = environment.read("WEBSITE_CONNECTIONS", env.whole(1, 100), default=20)
WEBSITE_POOL = {
    "min_size": 1,
    "max_size": WEBSITE_CONNECTIONS,
    # How long a page waits for one, or for a PostgreSQL that is away, in seconds.
    "timeout": 2.0,
    # Given up soon, so that the next page tries anew: psycopg's pauses grow to minutes.
    "reconnect_timeout": 1.0,
    "num_workers": 1,
}
DATABASES = {
    "default": {
        "ENGINE": "lumyx.postgresql",
        **POSTGRESQL,
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": POSTGRESQL_GUARDS,
            "connect_timeout": 5,
            **({"pool": WEBSITE_POOL} if "lumyx.asgi" in sys.modules else {}),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = environment.require("REDIS_URL", env.url("redis", "rediss"), stand_in="")
CACHES = {"default": {"BACKEND": "lumyx.caching.RedisOrMemory", "LOCATION": REDIS_URL}}

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "rest_framework",
    "djstripe",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "import_export",
    "accounts",
    "accounts.nabzclan",
    "billing",
    "gateway",
    "privacy",
    "lumyx",
]
MIDDLEWARE = [
    "lumyx.request_ids.numbered",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lumyx.compression.CompressedPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    # Before what may refuse a request, so that refusals have them, too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "lumyx.security.admin_policy",
    "lumyx.maintenance.closed",
    "lumyx.errors.explained",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.seen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_factor.demanded",
    "lumyx.bad_input.Refused",
    "privacy.admin_visits.Logged",
    "privacy.welcome.demanded",
    "privacy.leaving.demanded",
    "django_ratelimit.middleware.RatelimitMiddleware",
]
# What a call from the playground passes instead, besides the check of its CSRF token.
PLAYGROUND_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.seen",
    "privacy.welcome.demanded",
    "privacy.leaving.demanded",
]
ROOT_URLCONF = "lumyx.urls"
ASGI_APPLICATION = "lumyx.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "lumyx.shell.context",
            ],
            "builtins": ["lumyx.templatetags.ui"],
        },
    }
]
MIGRATION_MODULES = {"djstripe": "lumyx.djstripe_migrations"}

# People
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "dashboard"

# NabzClan: the only way customers sign in
STANDIN_NABZCLAN_URL = environment.read(
    "STANDIN_NABZCLAN_URL", env.url("http"), default="http://127.0.0.1:8002"
)
NABZCLAN_URL = environment.read(
    "NABZCLAN_URL",
    env.url("http", "https"),
    default=STANDIN_NABZCLAN_URL if STANDINS else "https://nabzclan.vip",
)
NABZCLAN_AUTHORIZE_URL = environment.read(
    "NABZCLAN_AUTHORIZE_URL", env.url("http", "https"), default=f"{NABZCLAN_URL}/oauth/authorize"
)
NABZCLAN_TOKEN_URL = environment.read(
    "NABZCLAN_TOKEN_URL", env.url("http", "https"), default=f"{NABZCLAN_URL}/oauth/token"
)
NABZCLAN_USER_URL = environment.read(
    "NABZCLAN_USER_URL", env.url("http", "https"), default=f"{NABZCLAN_URL}/api/user"
)
NABZCLAN_REVOKE_URL = environment.read(
    "NABZCLAN_REVOKE_URL", env.url("http", "https"), default=f"{NABZCLAN_URL}/oauth/revoke"
)
NABZCLAN_CLIENT_ID = environment.read("NABZCLAN_CLIENT_ID", env.text, default="lumyx")
NABZCLAN_CLIENT_SECRET = (
    environment.read("NABZCLAN_CLIENT_SECRET", env.text, default="nabzclan-stand-in")
    if STANDINS
    else environment.require("NABZCLAN_CLIENT_SECRET", env.text, stand_in="")
)
NABZCLAN_SCOPES = environment.read(
    "NABZCLAN_SCOPES", env.words, default=["identity", "email", "vip"]
)
# What asks NabzClan to let people sign in anew, though it knows them still.
NABZCLAN_FRESH_PARAMETERS: dict[str, str] = environment.read(
    "NABZCLAN_FRESH_PARAMETERS", env.pairs, default={"prompt": "login"}
)
NABZCLAN_SYNC_MINUTES = environment.read("NABZCLAN_SYNC_MINUTES", env.whole(1, 1_440), default=15)
RECENT_SIGN_IN_MINUTES = environment.read("RECENT_SIGN_IN_MINUTES", env.whole(1, 1_440), default=15)
SIGN_INS_PER_MINUTE = environment.read("SIGN_INS_PER_MINUTE", env.whole(1, 100_000), default=30)
SIGNUP_CREDITS = environment.read("SIGNUP_CREDITS", env.whole(0, 10_000), default=0)

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = RECENT_SIGN_IN_MINUTES * 60
ACCOUNT_FORMS = {"login": "accounts.forms.StaffSignInForm"}
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip,5/300s/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS = {
    "nabzclan": {"APP": {"client_id": NABZCLAN_CLIENT_ID, "secret": NABZCLAN_CLIENT_SECRET}}
}
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "LumyxAI"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

RATELIMIT_VIEW = "lumyx.errors.too_often"
RATELIMIT_IP_META_KEY = "accounts.addresses.of_request"

# Cookies: essential ones only, gone when the browser closes; the CSRF token lives in the session.
SESSION_ENGINE = "accounts.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_HOURS = environment.read("SESSION_HOURS", env.whole(1, 720), default=168)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "lumyx.errors.csrf_failure"
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Stripe: the stand-in takes its place until a key of one's own is set
STANDIN_STRIPE_URL = environment.read(
    "STANDIN_STRIPE_URL", env.url("http"), default="http://127.0.0.1:8003"
)
STRIPE_LIVE_MODE = environment.read("STRIPE_LIVE_MODE", env.flag, default=False)
STRIPE_LIVE_SECRET_KEY = environment.read("STRIPE_LIVE_SECRET_KEY", env.text, default="")
STRIPE_TEST_SECRET_KEY = environment.read("STRIPE_TEST_SECRET_KEY", env.text, default="")
STRIPE_STOOD_IN = STANDINS and not (STRIPE_LIVE_SECRET_KEY or STRIPE_TEST_SECRET_KEY)
if STRIPE_STOOD_IN:
    STRIPE_LIVE_MODE = False
    STRIPE_TEST_SECRET_KEY = "sk_test_" + "StandIn" * 4
    STRIPE_API_HOST = STANDIN_STRIPE_URL
STRIPE_SECRET_KEY = STRIPE_LIVE_SECRET_KEY if STRIPE_LIVE_MODE else STRIPE_TEST_SECRET_KEY
# Newest first; two while one replaces the other.
STRIPE_WEBHOOK_SECRETS: list[str] = environment.read(
    "STRIPE_WEBHOOK_SECRETS", env.words, default=["whsec_standin"] if STRIPE_STOOD_IN else []
)
if STRIPE_SECRET_KEY and not STRIPE_WEBHOOK_SECRETS:
    environment.errors.append("STRIPE_WEBHOOK_SECRETS: is not set")
STRIPE_API_VERSION = "2026-05-27.dahlia"
STRIPE_SECONDS = environment.read("STRIPE_SECONDS", env.whole(1, 80), default=10)
# Where Stripe's own pages are, to which forms of ours lead.
STRIPE_PAGES: list[str] = environment.read(
    "STRIPE_PAGES",
    env.words,
    default=[STANDIN_STRIPE_URL]
    if STRIPE_STOOD_IN
    else ["https://checkout.stripe.com", "https://billing.stripe.com"],
)
STRIPE_TAX = environment.read("STRIPE_TAX", env.flag, default=False)
STRIPE_INVOICES = environment.read("STRIPE_INVOICES", env.flag, default=False)
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_USE_NATIVE_JSONFIELD = True

# Buying credits, in whole US dollars
TOP_UP_PACKS: list[int] = environment.read(
    "TOP_UP_PACKS", env.wholes(1, 10_000), default=[5, 20, 50, 100]
)
TOP_UP_LEAST = environment.read("TOP_UP_LEAST", env.whole(1, 10_000), default=5)
TOP_UP_MOST = environment.read("TOP_UP_MOST", env.whole(1, 100_000), default=1_000)
if not all(TOP_UP_LEAST <= dollars <= TOP_UP_MOST for dollars in TOP_UP_PACKS):
    environment.errors.append("TOP_UP_PACKS: must lie between TOP_UP_LEAST and TOP_UP_MOST")
# What a member of staff may grant, correct or refund without a second person, in whole credits
APPROVAL_CREDITS = environment.read("APPROVAL_CREDITS", env.whole(0, 1_000_000), default=50)
# The most credits that one code may give one account
CODE_CREDITS = environment.read("CODE_CREDITS", env.whole(1, 1_000_000), default=50)
SELLER = environment.read("SELLER", env.text, default="LumyxAI")

# Transport
SECURE_SSL_REDIRECT = HTTPS
# Machines within ask for it, past the proxy; probes never come this far.
SECURE_REDIRECT_EXEMPT = ["^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Sign-in leads to NabzClan and buying to Stripe by redirects, which browsers judge, too.
        "form-action": [
            SELF,
            "{0.scheme}://{0.netloc}".format(urlsplit(NABZCLAN_AUTHORIZE_URL)),
            *STRIPE_PAGES,
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["lumyx.formats"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
WHITENOISE_USE_FINDERS = STANDINS
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STANDINS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
SILENCED_SYSTEM_CHECKS = [
    # dj-stripe wants an interactive confirmation of its settings.
    "djstripe.I001",
    # The imitation of Stripe that development calls.
    *(["djstripe.W002"] if STRIPE_STOOD_IN else []),
    # Our cache counts atomically, in Redis; the check knows only its own list of backends.
    "django_ratelimit.E003",
    "django_ratelimit.W001",
]

# The gateway
MAX_BODY_BYTES = environment.read(
    "MAX_BODY_BYTES", env.whole(1_024, 1_073_741_824), default=33_554_432
)
BODY_SECONDS = environment.read("BODY_SECONDS", env.whole(1, 3_600), default=60)
COUNTRY_DATABASE = environment.read(
    "COUNTRY_DATABASE", env.file, default=BASE_DIR / "accounts" / "data" / "country.mmdb"
)
UPSTREAM_CONNECT_SECONDS = environment.read("UPSTREAM_CONNECT_SECONDS", env.whole(1, 60), default=5)
UPSTREAM_FIRST_BYTE_SECONDS = environment.read(
    "UPSTREAM_FIRST_BYTE_SECONDS", env.whole(1, 3_600), default=120
)
UPSTREAM_WHOLE_SECONDS = environment.read(
    "UPSTREAM_WHOLE_SECONDS", env.whole(1, 3_600), default=600
)
UPSTREAM_IDLE_SECONDS = environment.read("UPSTREAM_IDLE_SECONDS", env.whole(1, 3_600), default=300)
UPSTREAM_TOTAL_SECONDS = environment.read(
    "UPSTREAM_TOTAL_SECONDS", env.whole(1, 86_400), default=3_600
)
KEEP_ALIVE_SECONDS = environment.read("KEEP_ALIVE_SECONDS", env.whole(1, 600), default=15)
CLIENT_STALL_SECONDS = environment.read("CLIENT_STALL_SECONDS", env.whole(1, 600), default=60)
HOLD_SECONDS = environment.read("HOLD_SECONDS", env.whole(60, 3_600), default=900)
# The provider that `load_demo` writes into the catalogue; the admin can change it later.
PROVIDER_BASE_URL = environment.read("PROVIDER_BASE_URL", env.url("http", "https"), default="")
STANDIN_PROVIDER_URL = environment.read(
    "STANDIN_PROVIDER_URL", env.url("http"), default="http://127.0.0.1:8001/v1"
)
PROVIDER_API_KEY = environment.read("PROVIDER_API_KEY", env.text, default="")
PROVIDER_DIALECT = environment.read(
    "PROVIDER_DIALECT", env.one_of("openai", "anthropic"), default="openai"
)
PROVIDER_MODELS: dict[str, str] = environment.read("PROVIDER_MODELS", env.pairs, default={})

# Work on the service itself: "site" has the website's pages answer 503, "all" the API, too.
MAINTENANCE = environment.read("MAINTENANCE", env.maintenance, default="")
# When that should be over, such as 2026-12-01T14:00Z; nothing is promised where it is empty.
MAINTENANCE_UNTIL = environment.read("MAINTENANCE_UNTIL", env.moment, default=None)

# Where questions about privacy and requests about personal data are answered.
PRIVACY_CONTACT = environment.read("PRIVACY_CONTACT", env.text, default="privacy@lumyx-ai.site")
# Copies of what is held about somebody, made at their wish: a directory that every worker and
# every web process can reach, and nobody else.
EXPORT_DIR = environment.read("EXPORT_DIR", env.text, default=str(BASE_DIR / "var" / "exports"))
EXPORT_DAYS = environment.read("EXPORT_DAYS", env.whole(1, 7), default=7)
# How the policy is kept where it leaves that open; the page `/privacy/how-we-keep-it` says it.
ERASURE_GRACE_DAYS = environment.read("ERASURE_GRACE_DAYS", env.whole(0, 29), default=7)
BACKUP_DAYS = environment.read("BACKUP_DAYS", env.whole(0, 29), default=14)
STRIPE_REDACT_DAYS = environment.read("STRIPE_REDACT_DAYS", env.whole(1, 365), default=90)
INACTIVE_MONTHS = environment.read("INACTIVE_MONTHS", env.whole(1, 120), default=24)
# Whose law on books and taxes applies, in words such as "Germany", and how long it has them kept.
BILLING_JURISDICTION = environment.read(
    "BILLING_JURISDICTION", env.text, default="our place of business"
)
BILLING_YEARS = environment.read("BILLING_YEARS", env.whole(1, 30), default=10)
# Files that the service's output is written to, where it is: paths, or patterns with * and **.
APP_LOGS: list[str] = environment.read("APP_LOGS", env.words, default=[])
# The model that a made-up customer calls each day; empty: none, or one of a stand-in.
CANARY_MODEL = environment.read("CANARY_MODEL", env.text, default="")
# Where tombstones of erased people lie: outside the database and its backups, shared by workers.
TOMBSTONE_DIR = environment.read(
    "TOMBSTONE_DIR", env.text, default=str(BASE_DIR / "var" / "tombstones")
)

# Watching the service (docs/observability.md)
LOG_FORMAT = environment.read(
    "LOG_FORMAT", env.one_of("json", "text"), default="text" if DEBUG or STANDINS else "json"
)
# What Prometheus brings to read /metrics, which is not there without one.
METRICS_TOKEN = environment.read("METRICS_TOKEN", env.token, default="")

# Where errors and traces go, which need requirements-observability.txt; nowhere without these.
SENTRY_DSN = environment.read("SENTRY_DSN", env.url("http", "https"), default="")
OTEL_EXPORTER_OTLP_ENDPOINT = environment.read(
    "OTEL_EXPORTER_OTLP_ENDPOINT", env.url("http", "https"), default=""
)
environment.need("SENTRY_DSN", "sentry_sdk")
environment.need("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry.exporter.otlp.proto.http")

REST_FRAMEWORK = {
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "gateway.openapi.schema.Described",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LumyxAI",
    "VERSION": "1",
    "DESCRIPTION": "Calls to many AI models through one endpoint.",
    "OAS_VERSION": "3.0.3",
}

# Mail; development prints it
EMAIL = environment.read(
    "EMAIL_URL", env.mail, default={"BACKEND": "django.core.mail.backends.console.EmailBackend"}
)
EMAIL_BACKEND = EMAIL["BACKEND"]
EMAIL_HOST = EMAIL.get("HOST", "localhost")
EMAIL_FILE_PATH = EMAIL.get("PATH")
EMAIL_PORT = int(EMAIL.get("PORT", "25"))
EMAIL_HOST_USER = EMAIL.get("USER", "")
EMAIL_HOST_PASSWORD = EMAIL.get("PASSWORD", "")
EMAIL_USE_TLS = EMAIL.get("TLS") == "starttls"
EMAIL_USE_SSL = EMAIL.get("TLS") == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.read(
    "MAIL_FROM", env.text, default="LumyxAI <no-reply@localhost>"
)

# Celery
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3_600}
CELERY_TIMEZONE = "UTC"

UNFOLD = frame.UNFOLD

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "lumyx.logs.formats.JsonLines"},
        "text": {"()": "lumyx.logs.formats.TextLines"},
        # With what exceptions say: for development alone.
        "debug": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "debug" if DEBUG and LOG_FORMAT == "text" else LOG_FORMAT,
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # A path that was not found is the visitor's own text.
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # So is what made a request suspicious, such as its host; it was answered with a 400.
        "django.security": {"handlers": ["stderr"], "level": "CRITICAL", "propagate": False},
        "django.security.csrf": {"level": "WARNING"},
        "lumyx": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # It would name addresses and whole paths; without a handler, uvicorn writes none.
        "uvicorn.access": {"handlers": [], "propagate": False},
    },
}

environment.complain()
