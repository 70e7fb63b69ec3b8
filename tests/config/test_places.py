import os
from pathlib import Path

from config.servers.places import POSTGRES_SOCKET, SOCKET_PATH_BYTES, locate


def test_sockets_are_in_the_data_folder():
    assert locate(Path("/srv/quietroom")).postgres_sockets == Path("/srv/quietroom/run/postgres")


def test_a_data_folder_deep_down_gets_a_short_place_of_its_own():
    deep = Path("/srv") / ("very-long-name/" * 12)
    sockets = locate(deep).postgres_sockets
    assert len(os.fsencode(sockets / POSTGRES_SOCKET)) < SOCKET_PATH_BYTES
    assert sockets == locate(deep).postgres_sockets
    assert sockets != locate(deep / "other").postgres_sockets
