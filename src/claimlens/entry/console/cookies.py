"""The console's cookies: who signed in, who fills in a form without having signed in, light or dark, which tenant."""

from http.cookies import CookieError, SimpleCookie

from litestar.datastructures import Cookie

_THEMES = ("light", "dark")
#: How long the choice of light or dark is kept, in seconds.
_YEAR = 365 * 24 * 3600


class Cookies:
    """Names and marks. Outside development every cookie is Secure and bound to the host (`__Host-`)."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.session = f"{prefix}claimlens_session"
        self.form = f"{prefix}claimlens_form"
        self.theme = f"{prefix}claimlens_theme"
        #: The tenant that a platform administrator looks at; of anybody else's browser it is not read.
        self.tenant = f"{prefix}claimlens_tenant"

    def read(self, header: bytes) -> dict[str, str]:
        """The cookies of a request; of a header that cannot be read none."""
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(header.decode("latin-1"))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in jar.items()}

    def theme_of(self, cookies: dict[str, str]) -> str:
        """`light`, `dark`, or empty: as the reader's system has it."""
        chosen = cookies.get(self.theme, "")
        return chosen if chosen in _THEMES else ""

    def keep(self, name: str, value: str) -> Cookie:
        """A cookie that is kept until the browser is closed."""
        return self._cookie(name, value, None)

    def keep_theme(self, value: str) -> Cookie:
        """Light or dark for a year; empty forgets it."""
        return self._cookie(self.theme, value, _YEAR) if value in _THEMES else self.drop(self.theme)

    def drop(self, name: str) -> Cookie:
        """What takes a cookie away."""
        return self._cookie(name, "", 0)

    def _cookie(self, name: str, value: str, max_age: int | None) -> Cookie:
        return Cookie(
            key=name, value=value, path="/", httponly=True, samesite="lax", secure=self._secure, max_age=max_age
        )
