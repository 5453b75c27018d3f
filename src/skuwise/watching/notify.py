"""Sending the digest: one message a run to each address, by mail, Slack, Teams, webhook or whatever Apprise knows.

Addresses are Apprise URLs. They hold passwords and tokens: they are never printed and never written anywhere; what is
told of them is the service's name.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from skuwise.watching.digest import Digest, as_html, as_markdown, as_text

#: Addresses where none are named: URLs with blanks between them.
VARIABLE = "SKUWISE_NOTIFY"
_WRITERS = {"html": as_html, "markdown": as_markdown, "text": as_text}
_STATUS = re.compile(r"error=(\d{3})\b")
_STATUS_WORDS = {
    "401": "the service does not accept the user or token",
    "403": "the service does not accept the user or token",
    "404": "the service does not know the address: the token or path may be old",
    "429": "the service has had too many messages: try later",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message: the service's name, and why it failed and what to check; blank where it was sent."""

    service: str
    problem: str = ""


def addresses(given: Sequence[str]) -> list[str]:
    """The URLs that were named, or those of the environment variable ``SKUWISE_NOTIFY``."""
    return list(given) or shlex.split(os.environ.get(VARIABLE, ""))


def send(digest: Digest, urls: Sequence[str]) -> list[Sent]:
    """Send the digest to each address, in the form that its service shows best. A failure stops no other."""
    return [_send_one(digest, url, place) for place, url in enumerate(urls, start=1)]


def _send_one(digest: Digest, url: str, place: int) -> Sent:
    from apprise import Apprise

    scheme = url.partition("://")[0] if "://" in url else ""
    with _told_aside() as told:
        service = Apprise.instantiate(url)
        if service is None:
            name = f"address {place}" + (f" ({scheme}://…)" if re.fullmatch(r"\w{1,20}", scheme) else "")
            problem = "it is no address that Apprise understands: check its form, such as mailto://user:password@host"
            return Sent(name, f"{problem}; {_QUOTES}")
        forms = service.notify_format
        form = str(getattr(forms[0] if isinstance(forms, tuple | list) else forms, "value", "text"))
        body = _WRITERS.get(form, as_text)(digest)
        name = f"{service.service_name} ({scheme}://…)"
        done = service.notify(body=body, title=digest.title, body_format=form if form in _WRITERS else "text")
    return Sent(name) if done else Sent(name, _why(" ".join(told)))


_QUOTES = "in a shell it must stand in quotes"


def _why(told: str) -> str:
    status = _STATUS.search(told)
    if status:
        return _STATUS_WORDS.get(status[1], f"the service answers with status {status[1]}")
    return (
        "the message could not be delivered: check host, port, user and password of the address, and whether this "
        "machine may reach it"
    )


@contextmanager
def _told_aside() -> Iterator[list[str]]:
    """Keep what Apprise logs: it may hold hosts and parts of addresses, which belong on no screen."""
    logger, told = logging.getLogger("apprise"), list[str]()

    class Aside(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    aside, level, propagate = Aside(logging.INFO), logger.level, logger.propagate
    logger.addHandler(aside)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    try:
        yield told
    finally:
        logger.removeHandler(aside)
        logger.setLevel(level)
        logger.propagate = propagate
