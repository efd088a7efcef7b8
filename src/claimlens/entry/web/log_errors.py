"""Errors as log lines show them: what and where, never with what was worked on.

Messages of libraries quote their input: `could not convert string to float: 'Anna, 0171 ...'`. An operator needs the
place and the kind; whoever needs the input asks the one it belongs to.
"""

from collections.abc import Iterator
from types import TracebackType

from claimlens.domain.errors import ClaimLensError

#: How much of a message, of a chain of causes and of a stack is shown.
_MOST_TEXT, _MOST_CAUSES, _MOST_FRAMES = 300, 5, 30
#: Kinds whose messages are made of the value that was wrong.
_QUOTING = (ValueError, LookupError)


def cleared(text: str) -> str:
    """The first line of a text, what is personal data in it hidden, cut where it gets long."""
    # Half of the rules of the gate: only for whoever has something to hide.
    from claimlens.gate.masking import masked_anywhere

    line = (text.strip().splitlines() or [""])[0][:_MOST_TEXT]
    try:
        return masked_anywhere(line)
    except Exception:
        return "(not shown: it could not be searched for personal data)"


def traceback_of(error: BaseException) -> str:
    """Kind and place of an error and of what caused it, the first cause first."""
    return "\n\n".join(reversed([_one(each) for each in _chain(error)]))


def said(error: BaseException) -> str:
    """The kind of an error, and its message where that does not quote what was worked on."""
    kind = type(error).__qualname__
    if isinstance(error, _QUOTING) and not isinstance(error, ClaimLensError):
        return kind
    try:
        message = cleared(str(error))
    except Exception:  # its own text cannot be made: then the kind has to do
        return kind
    return f"{kind}: {message}" if message else kind


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(seen) < _MOST_CAUSES:
        yield following
        seen.add(id(following))
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def _one(error: BaseException) -> str:
    frames = [
        f'  File "{trace.tb_frame.f_code.co_filename}", line {trace.tb_lineno}, in {trace.tb_frame.f_code.co_name}'
        for trace in _traces(error.__traceback__)
    ]
    inner = [_one(each) for each in error.exceptions[:_MOST_CAUSES]] if isinstance(error, BaseExceptionGroup) else []
    return "\n".join(["Traceback (most recent call last):", *frames[-_MOST_FRAMES:], said(error), *inner])


def _traces(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
