"""Where the embedded servers of one data folder keep their files and sockets. Only paths, nothing runs."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The kernel allows 107 bytes on Linux and 103 on macOS for a socket's whole path.
SOCKET_PATH_BYTES = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
DATABASE = OWNER = "quietroom"


@dataclass(frozen=True, slots=True)
class Places:
    data: Path
    sockets: Path

    @property
    def postgres_data(self) -> Path:
        return self.data / "postgres"

    @property
    def postgres_log(self) -> Path:
        return self.data / "log" / "postgres.log"

    @property
    def valkey_data(self) -> Path:
        return self.data / "valkey"

    @property
    def valkey_log(self) -> Path:
        return self.data / "log" / "valkey.log"

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "postgres"

    @property
    def postgres_socket(self) -> Path:
        return self.postgres_sockets / POSTGRES_SOCKET

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / VALKEY_SOCKET

    def database_url(self, name: str = DATABASE) -> str:
        return f"postgresql://{OWNER}@/{name}?host={self.postgres_sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}?db=0"


def locate(data: Path) -> Places:
    """Return the places for a data folder: sockets inside it, or, where that path is too long for a
    socket, in a short folder of the temporary directory that depends on the data folder and the user."""
    data = data.absolute()
    sockets = data / "run"
    longest = sockets / "postgres" / f"{POSTGRES_SOCKET}.lock"
    if len(os.fsencode(longest)) > SOCKET_PATH_BYTES:
        digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
        sockets = Path(tempfile.gettempdir()) / f"quietroom-{os.getuid()}-{digest}"
    return Places(data=data, sockets=sockets)
