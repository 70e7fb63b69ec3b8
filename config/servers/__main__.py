"""python -m config.servers start|stop|status: the embedded servers of QUIETROOM_DATA (default var/)."""

import sys
from pathlib import Path

from config import env
from config.servers import postgres, valkey
from config.servers.places import locate

BASE = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> int:
    places = locate(env.folder("QUIETROOM_DATA", BASE / "var"))
    if words == ["start"]:
        postgres.start(places)
        valkey.start(places)
    elif words == ["stop"]:
        valkey.stop(places)
        postgres.stop(places)
    elif words != ["status"]:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"PostgreSQL {'runs' if postgres.is_running(places) else 'is stopped'}: {places.database_url()}")
    print(f"Valkey {'runs' if valkey.is_running(places) else 'is stopped'}: {places.redis_url}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
