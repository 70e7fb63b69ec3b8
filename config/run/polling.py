import http.client


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
