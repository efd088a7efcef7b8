"""What can go wrong, as one tree.

ClaimLensError
├── InputError            the caller sent something that cannot be judged
│   └── UnknownLocaleError
├── ConditionError        a pack's number condition cannot be read
├── SecretError           a secret of the installation cannot be used
├── RequestError          a request is understood and refused; carries the API's code
│   ├── InvalidError         something in the body or the query is wrong; says where
│   ├── TooLargeError        longer than this route takes
│   ├── NotFoundError        there is no such thing within the caller's reach
│   ├── ConflictError        it clashes with what is there (an idempotency key, a name)
│   ├── RefusedError         the caller may not do this
│   ├── UnauthenticatedError no key, or one that opens nothing
│   ├── TooManyError         a rate limit is used up
│   ├── OverloadedError      no room to judge or to write at this moment
│   └── MaintenanceError     closed for maintenance
└── PackError             rule data cannot be used
    ├── PackInvalidError     a rule breaks the pack format (file and line inside)
    ├── PackUnsignedError    no signature where one is required
    ├── PackTamperedError    a file differs from what was signed
    └── PackDowngradedError  an older version than the one that served last

Messages are one line, written for the person who can mend it. They may be shown to clients.
"""


class ClaimLensError(Exception):
    """Root of every expected error."""


class InputError(ClaimLensError):
    """Something in the submitted data is wrong.

    `pointer` is the JSON Pointer (RFC 6901) of the place inside the item, `code` one of the closed list of the API.
    """

    def __init__(self, detail: str, pointer: str = "", code: str = "INVALID_SCHEMA") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.code = code


class UnknownLocaleError(InputError):
    """No jurisdiction for this locale; the message lists the known ones."""

    def __init__(self, locale: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown locale {locale!r}; known locales: {', '.join(known)}", "/locale", "UNKNOWN_LOCALE")


class RequestError(ClaimLensError):
    """A request that is understood and refused. `status` and `code` are of the API's closed list."""

    status = 400
    code = "INVALID_SCHEMA"

    def __init__(self, detail: str, pointer: str = "", *, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.retry_after_s = retry_after_s


class InvalidError(RequestError):
    """Something in the body or the query is wrong. `problems` are (JSON Pointer, detail), one at least."""

    def __init__(self, problems: tuple[tuple[str, str], ...], code: str = "INVALID_SCHEMA") -> None:
        pointer, detail = problems[0]
        super().__init__(detail, pointer)
        self.problems = problems
        self.code = code


class TooLargeError(RequestError):
    """Longer than this route takes; the message says how long it may be."""

    status, code = 413, "PAYLOAD_TOO_LARGE"


class NotFoundError(RequestError):
    """There is no such thing, or it belongs to somebody else: the caller cannot tell which."""

    status, code = 404, "NOT_FOUND"


class ConflictError(RequestError):
    """The request clashes with what is there."""

    status, code = 409, "IDEMPOTENCY_CONFLICT"


class RefusedError(RequestError):
    """The caller is known and may not do this."""

    status, code = 403, "INSUFFICIENT_PERMISSIONS"


class UnauthenticatedError(RequestError):
    """No key, or one that opens nothing."""

    status, code = 401, "INVALID_API_KEY"


class TooManyError(RequestError):
    """A rate limit is used up; `retry_after_s` says when to come back."""

    status, code = 429, "RATE_LIMIT_EXCEEDED"


class OverloadedError(RequestError):
    """There is no room to judge or to write at this moment; nothing was recorded and no verdict is given."""

    status, code = 503, "OVERLOADED"


class MaintenanceError(RequestError):
    """Closed for maintenance; reads stay open."""

    status, code = 503, "MAINTENANCE"


class ConditionError(ClaimLensError):
    """A number condition of a pack cannot be parsed."""


class SecretError(ClaimLensError):
    """A secret of the installation is missing or unfit, or something sealed does not open. Never shows the secret."""


class BackupError(ClaimLensError):
    """A backup cannot be made, found, trusted or brought back."""


class PackError(ClaimLensError):
    """Rule data cannot be used."""


class PackInvalidError(PackError):
    """A pack file breaks the format; says which file, line and rule."""

    def __init__(self, detail: str, file: str = "", line: int = 0, rule_id: str = "") -> None:
        place = ":".join(str(part) for part in (file, line or "") if part)
        rule = f" [{rule_id}]" if rule_id else ""
        super().__init__(f"{place}{rule}: {detail}" if place or rule else detail)
        self.detail = detail
        self.file = file
        self.line = line
        self.rule_id = rule_id


class PackUnsignedError(PackError):
    """The pack carries no signature and the environment asks for one."""


class PackTamperedError(PackError):
    """A file of the pack is missing, extra or not the bytes that were signed."""


class PackDowngradedError(PackError):
    """The pack is older than the one that served last."""
