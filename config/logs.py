"""How a log line looks, and what never gets into one."""

import logging
import re
import time
from types import TracebackType

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# PostgreSQL repeats a row's values in these parts of an error.
TELLTALE = ("DETAIL:", "CONTEXT:")
# Addresses that are secrets: Django logs the path of what it refuses.
SECRET = re.compile(r"(/feeds/|/l/)[^/\s\"']+")


class Discreet(logging.Formatter):
    """One line per record, times in UTC, database errors without the values of the row, no secret address."""

    def __init__(self) -> None:
        super().__init__(LINE, datefmt="%Y-%m-%dT%H:%M:%SZ")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        self.converter = time.gmtime
        return super().formatTime(record, datefmt)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return without_secrets(without_values(super().formatException(ei)))

    def formatMessage(self, record: logging.LogRecord) -> str:
        return without_secrets(without_values(super().formatMessage(record)))


def without_values(text: str) -> str:
    if not any(word in text for word in TELLTALE):
        return text
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(TELLTALE))


def without_secrets(text: str) -> str:
    return SECRET.sub(r"\1…", text)


def hide_secrets(record: logging.LogRecord) -> bool:
    """A filter for loggers that have a form of their own."""
    record.msg, record.args = without_secrets(record.getMessage()), ()
    return True
