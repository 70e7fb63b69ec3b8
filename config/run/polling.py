"""python -m config.run.polling /readyz: succeeds when this machine's web server answers 200."""

import http.client
import sys

from config import env


def answer_of(host: str, port: int, path: str) -> int | None:
    """Return the HTTP status of a GET, None while nobody answers."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  asks, does not bind
    connection = http.client.HTTPConnection(reachable, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


if __name__ == "__main__":
    here = env.text("HOST", "127.0.0.1"), env.integer("PORT", 8000, least=1, most=65535)
    sys.exit(answer_of(*here, sys.argv[1]) != 200)
