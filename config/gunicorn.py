"""gunicorn -c python:config.gunicorn config.wsgi"""

from config import env

bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, least=1, most=65535)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", 2, least=1, most=64)
# Each thread may hold one database connection, so DATABASE_POOL_SIZE should not be smaller.
threads = env.integer("WEB_THREADS", 6, least=1, most=64)
preload_app = True
timeout = 60
graceful_timeout = 8
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
accesslog = None  # addresses of link pages are secrets
errorlog = "-"
loglevel = "warning"
