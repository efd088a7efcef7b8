"""What can go wrong, as one tree.

ClaimLensError
├── InputError            the caller sent something that cannot be judged
│   └── UnknownLocaleError
├── ConditionError        a pack's number condition cannot be read
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


class ConditionError(ClaimLensError):
    """A number condition of a pack cannot be parsed."""


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
