"""gunicorn -c python:config.gunicorn config.wsgi"""

import gc
import logging
import os
from typing import Any

from config import env
from config.logs import hide_secrets

bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, least=1, most=65535)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", 2, least=1, most=64)
threads = env.integer("WEB_THREADS", 6, least=1, most=64)
# One connection for each thread of a worker and a few to spare; settings.py reads it after us.
os.environ.setdefault("DATABASE_POOL_SIZE", str(threads + 2))
preload_app = True
timeout = 60
graceful_timeout = 8
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
accesslog = None  # addresses of link pages and calendar feeds are secrets
errorlog = "-"
loglevel = "warning"


def on_starting(server: Any) -> None:
    """It names the address of a request that it could not handle."""
    logging.getLogger("gunicorn.error").addFilter(hide_secrets)


def post_worker_init(worker: object) -> None:
    """What is loaded by now stays: without a look at all of it, a search's many short-lived values are cheap.

    A full collection of the whole application took a tenth of a second in the middle of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
