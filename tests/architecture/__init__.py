"""The house rules, as tests."""


class LongFileWarning(UserWarning):
    """A source file has grown past one room."""
