"""All settings. Nothing but the environment changes them; docs/operations.md lists the variables."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.note_keys import demo_note_key, note_keys
from config.secret_key import demo_key, is_weak
from config.servers.places import locate

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG")
DEMO = env.flag("QUIETROOM_DEMO")
DATA_DIR = env.folder("QUIETROOM_DATA", BASE_DIR / "var")
PORT = env.integer("PORT", 8000, least=1, most=65535)
EMBEDDED = locate(DATA_DIR)
# Holds the seconds by which this demo lives ahead of the real clock; practice/present.py reads it.
CLOCK_FILE = Path(env.text("QUIETROOM_CLOCK_FILE")) if env.text("QUIETROOM_CLOCK_FILE") else None
if CLOCK_FILE and not (DEMO or DEBUG):
    raise ImproperlyConfigured("QUIETROOM_CLOCK_FILE is for demos: real messages need the real time.")
# Clinicians' own calendars are read from the public internet only; tests have theirs on this machine.
CALENDARS_ON_LOOPBACK = env.flag("QUIETROOM_CALENDARS_ON_LOOPBACK")
if CALENDARS_ON_LOOPBACK and not (DEMO or DEBUG):
    raise ImproperlyConfigured("QUIETROOM_CALENDARS_ON_LOOPBACK is for tests: it opens this machine.")

# Who we are

SECRET_KEY = env.secret("SECRET_KEY", demo_key(DATA_DIR) if DEMO or DEBUG else "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
if DEMO or DEBUG:
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
else:
    if is_weak(SECRET_KEY):
        raise ImproperlyConfigured("Set SECRET_KEY or SECRET_KEY_FILE to at least 50 random characters.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the names that this site answers to, not '*'.")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# What psychotherapy notes are sealed with, the newest first (docs/operations.md).
NOTE_KEYS = note_keys(env.secret("NOTE_KEYS", demo_note_key(SECRET_KEY) if DEMO or DEBUG else ""))
# The address that messages to clients link to.
PUBLIC_URL = env.url(
    "PUBLIC_URL",
    f"http://localhost:{PORT}" if DEMO or DEBUG else f"https://{ALLOWED_HOSTS[0].lstrip('.')}",
    schemes={"http", "https"},
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS") or [PUBLIC_URL]

# What runs

APP_LAYERS = ["practice", "treatment_plans", "scheduling", "notifications", "web", "config"]  # bottom first
OWN_APPS = [
    "practice",
    "treatment_plans",
    "scheduling",
    "notifications",
    "web.frontdesk",
    "web.dashboard",
    "web.portal",
    *(["web.demo"] if DEMO and (BASE_DIR / "web/demo/apps.py").exists() else []),
    "config",
]
INSTALLED_APPS = [
    *OWN_APPS,
    "web.frontdesk.apps.ClinicAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "csp",
]
AUTH_USER_MODEL = "practice.User"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
MIDDLEWARE = [
    "config.health.Health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Where data lives

DATABASE_URL = env.url("DATABASE_URL", "", schemes={"postgres", "postgresql"}) or EMBEDDED.database_url()
STATEMENT_TIMEOUT_MS = env.integer("DATABASE_STATEMENT_TIMEOUT_MS", 15_000, least=0, most=3_600_000)
LOCK_TIMEOUT_MS = env.integer("DATABASE_LOCK_TIMEOUT_MS", 5_000, least=0, most=3_600_000)
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # after a restart of PostgreSQL the kept ones are dead
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "connect_timeout": 5,
    "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
    " -c idle_in_transaction_session_timeout=60000",
}
# config/gunicorn.py asks for a pool. Workers and commands have one thread, so they keep one connection.
if POOL_SIZE := env.integer("DATABASE_POOL_SIZE", 0, least=0, most=200):
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": POOL_SIZE,
        "timeout": 5,
        "max_lifetime": 1800,
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
ATOMIC_REQUESTS = False  # doors open their own transactions
REDIS_URL = env.url("REDIS_URL", EMBEDDED.redis_url, schemes={"redis", "rediss", "unix"})
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "quietroom",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    },
}

# Languages and time

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]

# Wording of questionnaires that the clinic has the right to show (docs/measures.md); every process reads it.
WORDING_DIR = env.folder("WORDING_DIR", DATA_DIR / "wording")

# Static files

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static_files.HashedFiles"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# Sign-in and cookies

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OVER_TLS = not (DEMO or DEBUG) and env.flag("OVER_TLS", default=True)
# A browser sends cookies to every port of a host: two demos beside each other need two names.
SESSION_COOKIE_NAME = "__Host-session" if OVER_TLS else f"session_{PORT}"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_TLS
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_SSL_REDIRECT = OVER_TLS
SECURE_HSTS_SECONDS = 31_536_000 if OVER_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = OVER_TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": under it browsers post forms with `Origin: null`, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # to be in browsers' HSTS lists is a domain owner's decision
if env.flag("BEHIND_PROXY"):  # the proxy must set, and never pass on, this header
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    },
}

# The API

REST_FRAMEWORK: dict[str, Any] = {
    "EXCEPTION_HANDLER": "config.errors.problem_response",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "practice.api.authentication.StaffSession",
        "practice.api.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.permissions.Deny"],
    "DEFAULT_PAGINATION_CLASS": "practice.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "practice.api.schema.ApiSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Quietroom API",
    "DESCRIPTION": "Clients, courses of treatment, bookings, readiness and messages of one practice.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]+",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# Messages to people

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_PASSWORD", "")
EMAIL_TLS = env.choice("EMAIL_TLS", "starttls", {"starttls", "implicit", "none"})
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_TLS == "starttls", EMAIL_TLS == "implicit"
EMAIL_TIMEOUT = 15
# Amazon SES takes mail by SMTP; the other two by their API. Each reports back to /webhooks/email.
EMAIL_PROVIDER = env.choice("EMAIL_PROVIDER", "smtp", {"smtp", "mailgun", "resend", "ses"})
EMAIL_API_KEY = env.secret("EMAIL_API_KEY", "")
# "name:password" in the address that Resend or SES calls; Mailgun's signing key. Two, while one changes.
EMAIL_WEBHOOK_SECRETS = [
    each
    for each in (env.secret("EMAIL_WEBHOOK_SECRET", ""), env.secret("EMAIL_WEBHOOK_SECRET_FALLBACK", ""))
    if each
]
SES_TOPIC_ARN = env.text("SES_TOPIC_ARN")
ANYMAIL: dict[str, Any] = {"REQUESTS_TIMEOUT": (5, 15)}
if EMAIL_PROVIDER in ("mailgun", "resend"):
    if not EMAIL_API_KEY:
        raise ImproperlyConfigured(f"EMAIL_PROVIDER={EMAIL_PROVIDER} needs EMAIL_API_KEY.")
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
    ANYMAIL[f"{EMAIL_PROVIDER.upper()}_API_KEY"] = EMAIL_API_KEY
    if api_url := env.url("EMAIL_API_URL", "", schemes={"http", "https"}):
        ANYMAIL[f"{EMAIL_PROVIDER.upper()}_API_URL"] = api_url
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "Quietroom <no-reply@localhost>")
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.secret("TWILIO_AUTH_TOKEN", "")
# Checks webhooks too, while one token replaces the other.
TWILIO_AUTH_TOKEN_FALLBACK = env.secret("TWILIO_AUTH_TOKEN_FALLBACK", "")
TWILIO_FROM = env.text("TWILIO_FROM")
# Twilio answers STOP, START and HELP itself unless its opt-out management is switched off for the account.
TWILIO_ANSWERS_STOP = env.flag("TWILIO_ANSWERS_STOP", default=True)
# Who is told at once of a reply that sounds unsafe: by default the care team and the practice admins.
ON_CALL_SMS, ON_CALL_EMAIL = env.words("ON_CALL_SMS"), env.words("ON_CALL_EMAIL")
TWILIO_BASE_URL = env.url("TWILIO_BASE_URL", "https://api.twilio.com", schemes={"http", "https"})
if any([TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM]) and not all(
    [TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM]
):
    raise ImproperlyConfigured("Set all of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM, or none.")
# A worker holds what it sends for the lease. One that has no answer by then counts as dead: what it was
# sending is looked up at the provider, which may show a message that much later than it took it.
REMINDER_LEASE_SECONDS = env.integer("REMINDER_LEASE_SECONDS", 90, least=2, most=600)
REMINDER_PROVIDER_SECONDS = env.integer("REMINDER_PROVIDER_SECONDS", 40, least=1, most=300)
REMINDER_ACCEPT_SECONDS = env.integer("REMINDER_ACCEPT_SECONDS", 30, least=1, most=600)
if REMINDER_LEASE_SECONDS <= REMINDER_PROVIDER_SECONDS:
    raise ImproperlyConfigured("REMINDER_LEASE_SECONDS must be longer than REMINDER_PROVIDER_SECONDS.")

# Logs

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "config.logs.Discreet"}},
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "plain"},
    },
    "root": {"level": LOG_LEVEL, "handlers": ["stdout"]},
    "loggers": {
        "django": {"level": LOG_LEVEL, "handlers": []},
        # At DEBUG it writes statements with their parameters: names, numbers, medicines.
        "django.db.backends": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
