"""The production settings, and next to the product the floor and a count of queries."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

MIDDLEWARE = ["benchmarks.queries.counted", *MIDDLEWARE]
ROOT_URLCONF = "benchmarks.urls"
