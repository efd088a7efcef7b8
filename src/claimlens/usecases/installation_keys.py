"""The keys that the installation makes itself, kept sealed under its secret: what digests hang on, what signs seals.

They stay when the secret is changed: only what they are sealed under changes then (`usecases/resealing.py`).
"""

from collections.abc import Callable, Sequence

import msgspec

from claimlens.domain.errors import ConflictError, SecretError
from claimlens.domain.installation_key import SEALED, InstallationKey, KeyKind, SealKeyLine
from claimlens.domain.seal import key_name
from claimlens.domain.tenant import PlatformScope, Principal
from claimlens.ports.clock import Clock
from claimlens.ports.installation_keys import InstallationKeyStore, SealedStore
from claimlens.ports.seals import SealKey
from claimlens.ports.secrets import InstallationBox
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import operator
from claimlens.usecases.permissions import require

_PURPOSE = SEALED["installation_keys"]


class _Inside(msgspec.Struct):
    """What is sealed of a key, in hex. `private` is empty for one that is configured, and once it is retired."""

    private: str = ""
    public: str = ""


class InstallationKeys:
    """The keys of this installation, for one process. `derived`: the key for seals as long as no other was made."""

    def __init__(
        self,
        store: InstallationKeyStore,
        sealed: SealedStore,
        box: InstallationBox,
        clock: Clock,
        *,
        scope: PlatformScope,
        configured: SealKey | None,
        derived: Callable[[], tuple[bytes, SealKey]],
        made: Callable[[bytes], SealKey],
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._sealed = sealed
        self._box = box
        self._clock = clock
        self._scope = scope
        self._configured = configured
        self._derived = derived
        self._made = made
        self._random = random

    async def begin(self, *, serving: bool) -> None:
        """Let digests hang on the root that is kept; what is not kept yet is kept now.

        A command (`serving` False) keeps nothing where the store is in use already: its secret may be another than the
        service's. Raises SecretError if what is kept does not open under the secret that is set.
        """
        root = await self._store.in_force(self._scope, KeyKind.DIGEST)
        if root is None:
            await self._expect_own_secret()
            if not serving and await self._sealed.has_keys(self._scope):
                return
            await self._store.add(self._scope, self._fresh(KeyKind.DIGEST, self._box.digest_root, None))
            root = await self._store.in_force(self._scope, KeyKind.DIGEST)
        assert root is not None
        self._box.use_digests(bytes.fromhex(self._open(root).private))
        if serving:
            await self._settle_seal_key()

    async def in_force(self) -> SealKey:
        """The key that signs seals now. Raises SecretError if it is not at hand here."""
        kept = await self._store.in_force(self._scope, KeyKind.SEAL)
        if kept is None:
            return self._configured or self._derived()[1]
        private = self._open(kept).private
        if self._configured is not None:
            if self._configured.public_key == kept.public_key:
                return self._configured
            raise SecretError(_not_at_hand(kept, self._configured))
        if not private:
            raise SecretError(_not_at_hand(kept, self._derived()[1]))
        return self._made(bytes.fromhex(private))

    async def names(self) -> frozenset[str]:
        """What seals call every key that signed them."""
        return frozenset(line.key for line in await self.lines())

    async def lines(self) -> Sequence[SealKeyLine]:
        """Every key that signs or signed seals, the newest first."""
        kept = [key for key in await self._store.all(self._scope) if key.kind is KeyKind.SEAL]
        if not kept:
            # No service has started on this store yet.
            fresh = self._fresh(KeyKind.SEAL, b"", (await self.in_force()).public_key)
            return [_line(fresh, is_configured=self._configured is not None)]
        return [_line(key, is_configured=not self._open(key).private and key.retired_at is None) for key in kept]

    async def rotate(self, principal: Principal) -> SealKeyLine:
        """A new key that signs seals from now on; of the old one only the public key is left.

        Raises ConflictError if the key is configured, or if somebody else changed it at the same moment.
        """
        require(principal, "installation.rotate")
        if self._configured is not None:
            raise ConflictError(
                "CLAIMLENS_SEAL_KEY is set: put a new key there (openssl rand -hex 32) and restart;"
                " the service keeps the old public key by itself"
            )
        await self._settle_seal_key()
        old = await self._store.in_force(self._scope, KeyKind.SEAL)
        assert old is not None
        private = self._random(32)
        fresh = self._fresh(KeyKind.SEAL, private, self._made(private).public_key)
        if not await self._swap(old, fresh, principal):
            raise ConflictError("somebody else changed the key for seals at the same moment; look at `secrets status`")
        return _line(fresh, is_configured=False)

    async def _settle_seal_key(self) -> None:
        """Keep the key that the settings ask for; the one before is retired with a line in the access log."""
        private, key = (b"", self._configured) if self._configured is not None else self._derived()
        kept = await self._store.in_force(self._scope, KeyKind.SEAL)
        if kept is None:
            await self._store.add(self._scope, self._fresh(KeyKind.SEAL, private, key.public_key))
            return
        is_ours = bool(self._open(kept).private)
        if (self._configured is None and is_ours) or kept.public_key == key.public_key:
            return
        await self._swap(kept, self._fresh(KeyKind.SEAL, private, key.public_key), operator("service"))

    async def _swap(self, old: InstallationKey, fresh: InstallationKey, principal: Principal) -> bool:
        public_key = self._open(old).public
        left = self._box.seal(_PURPOSE, msgspec.json.encode(_Inside(public=public_key)).decode())
        names = [key_name(bytes.fromhex(public_key)), key_name(fresh.public_key or b"")]
        line = access_line(principal, self._clock, "seal_key:rotate", names[1], {"key": names})
        return await self._store.replace(
            self._scope, msgspec.structs.replace(old, sealed=left), fresh, self._clock.now(), line
        )

    async def _expect_own_secret(self) -> None:
        """Raises SecretError if what is sealed already was sealed under another secret than the one that is set."""
        for place, purpose in SEALED.items():
            for _, sealed in await self._sealed.page(self._scope, place, after="", limit=1):
                if not self._box.is_current(purpose, sealed):
                    raise SecretError(_FIRST)
        if self._box.others and await self._sealed.has_keys(self._scope):
            raise SecretError(_FIRST)

    def _fresh(self, kind: KeyKind, private: bytes, public_key: bytes | None) -> InstallationKey:
        inside = _Inside(private.hex(), (public_key or b"").hex())
        return InstallationKey(
            id=self._clock.new_id(),
            kind=kind,
            public_key=public_key,
            sealed=self._box.seal(_PURPOSE, msgspec.json.encode(inside).decode()),
            created_at=self._clock.now(),
        )

    def _open(self, key: InstallationKey) -> _Inside:
        try:
            inside = msgspec.json.decode(self._box.open(_PURPOSE, key.sealed), type=_Inside)
        except SecretError:
            raise SecretError(
                "the keys in the store were sealed under another secret; set CLAIMLENS_SECRET_KEY as it was, or that"
                " one in CLAIMLENS_SECRET_KEYS_ALSO while the secret is being changed"
            ) from None
        if inside.public != (key.public_key or b"").hex():
            raise SecretError(f"the public key {key_name(key.public_key or b'')} in the store was altered")
        return inside


_FIRST = (
    "the keys of this store are not kept yet; start the service once with CLAIMLENS_SECRET_KEY as it was and without"
    " CLAIMLENS_SECRET_KEYS_ALSO, then change the secret"
)


def _not_at_hand(kept: InstallationKey, here: SealKey) -> str:
    return (
        f"the seals so far were signed with the key {key_name(kept.public_key or b'')}, the one here is"
        f" {key_name(here.public_key)}; set CLAIMLENS_SEAL_KEY or CLAIMLENS_SECRET_KEY as the service has it"
    )


def _line(key: InstallationKey, *, is_configured: bool) -> SealKeyLine:
    public_key = key.public_key or b""
    return SealKeyLine(
        key=key_name(public_key),
        public_key=public_key.hex(),
        since=key.created_at,
        until=key.retired_at,
        configured=is_configured,
    )
