"""How often an address may be asked for: by whom, for which link, and by everybody together.

A secret has 128 random bits, so guessing finds nothing; the limits keep guesses from costing us anything.
Whoever has opened a good link and never a bad one is not held up by a flood of others. While the cache is
down nobody is: a client who cannot read when to stop eating is worse off.
"""

from __future__ import annotations

import ipaddress
import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 600
MOST_WRONG_PER_PLACE = 20
MOST_WRONG_IN_ALL = 2_000
MOST_PER_LINK = 200
EVERYBODY = "everybody"


def is_refused(request: HttpRequest) -> bool:
    """Whether this place has guessed too often; in a flood, whether it has guessed at all."""
    wrong, in_all = _counts(_place(request), EVERYBODY)
    return wrong >= MOST_WRONG_PER_PLACE or (wrong > 0 and in_all >= MOST_WRONG_IN_ALL)


def note_wrong(request: HttpRequest) -> None:
    in_all = 0
    for who in (_place(request), EVERYBODY):
        in_all = _add(who)
    if in_all == MOST_WRONG_IN_ALL:
        logger.error("%s wrong links within %s seconds", in_all, WINDOW_SECONDS)


def is_worn_out(link_id: int) -> bool:
    """Whether one link was asked for more often than any person would."""
    return _add(f"link.{link_id}") > MOST_PER_LINK


def _counts(*who: str) -> list[int]:
    try:
        found = cache.get_many([_key(each) for each in who])
    except RedisError:
        logger.exception("the link pages are not throttled: the cache does not answer")
        return [0 for _each in who]
    return [int(found.get(_key(each), 0)) for each in who]


def _add(who: str) -> int:
    try:
        cache.add(_key(who), 0, WINDOW_SECONDS)
        return int(cache.incr(_key(who)))
    except (RedisError, ValueError):  # ValueError: it ended between the two
        return 0


def _key(who: str) -> str:
    return f"portal.{who}"


def _place(request: HttpRequest) -> str:
    """The address that asks; of IPv6 the network, for one house has more addresses than could be counted.

    Behind a proxy it is the last of those that the proxy hands on: the others are the caller's own words.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        text = request.headers.get("X-Forwarded-For", text).rsplit(",", 1)[-1].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
