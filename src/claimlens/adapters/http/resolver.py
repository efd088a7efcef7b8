"""Names looked up by the operating system, without holding up anybody else.

The event loop's own look-up shares a handful of threads with everything else in the process: a few names whose servers
do not answer would stop it all. Here each look-up has a thread of its own that the end of the process need not wait
for, and a name that is being looked up is not looked up twice.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence

#: More look-ups than this at once are refused; those before them are waiting for servers that do not answer.
MOST_WAITING = 256


class SystemResolver:
    """Every address that the operating system knows for a name."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, name: str) -> Sequence[str]:
        """The addresses of a name in the order in which to try them. Raises OSError if there is none."""
        answer = self._asked.get(name)
        if answer is None:
            if len(self._asked) >= MOST_WAITING:
                raise OSError("too many names are being looked up")
            answer = self._asked[name] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda done: self._answered(name, done))
            threading.Thread(target=_look_up, args=(name, answer), name=f"look up {name}", daemon=True).start()
        return await asyncio.shield(answer)

    def _answered(self, name: str, answer: "asyncio.Future[Sequence[str]]") -> None:
        del self._asked[name]
        if not answer.cancelled():
            answer.exception()  # looked at, in case everybody who waited for it has gone


def _look_up(name: str, answer: "asyncio.Future[Sequence[str]]") -> None:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        _tell(answer, OSError(str(error)))
    else:
        _tell(answer, [str(address[0]) for *_, address in found])


def _tell(answer: "asyncio.Future[Sequence[str]]", outcome: Sequence[str] | OSError) -> None:
    def settle() -> None:
        if answer.done():
            return
        if isinstance(outcome, OSError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        answer.get_loop().call_soon_threadsafe(settle)
