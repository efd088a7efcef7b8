"""Whether a string is text that can be written down: no bytes of another encoding, no half surrogate pairs."""


def is_wellformed(text: str) -> bool:
    """Whether the text can be encoded as UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def what_is_wrong(text: str) -> str:
    """Why a text that is not well-formed is refused, in words for the person who sent it."""
    # Bytes that were no UTF-8 come as U+DC80 to U+DCFF (PEP 383); any other lone surrogate was written as an escape.
    if any("\udc80" <= char <= "\udcff" for char in text):
        return "bytes that are not UTF-8"
    return "half of a surrogate pair (a lone \\ud800 to \\udfff), which is no character"
