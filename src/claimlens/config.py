"""One typed settings object; the only place that reads the environment."""

import ipaddress
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from claimlens.domain.breaker import BreakerSettings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.service import SERVICES

#: What OTEL_TRACES_SAMPLER may be, as the OpenTelemetry SDK reads it.
SAMPLERS = tuple(
    f"{parent}{sampler}" for parent in ("", "parentbased_") for sampler in ("always_on", "always_off", "traceidratio")
)
ENVIRONMENTS = ("development", "production", "staging")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Where the operators' reads are answered without a key unless configured: loopback and private ranges.
PRIVATE_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


#: Where recalls are fetched unless configured. RASFF Window has no address that stays: an operator names one.
RECALL_FEEDS = (
    ("openfda", "https://download.open.fda.gov/food/enforcement/food-enforcement-0001-of-0001.json.zip"),
    ("fsa", "https://data.food.gov.uk/food-alerts/id?_view=full&_limit=5000&since={since}T00:00:00"),
)


#: Settings whose value, or the file that it names, nobody else may see.
SECRET_SETTINGS = (
    "CLAIMLENS_SECRET_KEY",
    "CLAIMLENS_SECRET_KEYS_ALSO",
    "CLAIMLENS_SEAL_KEY",
    "CLAIMLENS_BACKUP_KEY",
)


class SettingsError(ClaimLensError):
    """A setting has a value that cannot be used; names the setting."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be configured, each by an environment variable (`docs/reference/settings.md`)."""

    environment: str = "development"
    data_dir: Path
    cache_dir: Path
    packs_dir: Path | None = None
    packs_public_key: bytes | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str = ""
    database_read_url: str = ""
    database_max_connections: int = 10
    redis_url: str = ""
    secret_key: bytes = b""
    secret_keys_also: tuple[bytes, ...] = ()
    seal_key: bytes = b""
    seal_interval_s: int = 300
    backup_key: bytes = b""
    backup_to: str = ""
    s3_endpoint: str = ""
    pg_bin: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    ops_networks: tuple[Network, ...] = tuple(map(ipaddress.ip_network, PRIVATE_NETWORKS.split(",")))
    cors_origins: tuple[str, ...] = ()
    requests_per_minute: int = 100
    requests_per_second_per_ip: int = 10
    items_per_minute: int = 20_000
    items_waiting: int = 2_000
    webhooks_to_private: bool = False
    maintenance_file: Path | None = None
    url: str = "http://127.0.0.1:8080"
    contacts_file: Path | None = None
    recalls_stale_days: int = 14
    recalls_feeds: tuple[tuple[str, str], ...] = RECALL_FEEDS
    recalls_refresh_hours: int = 0
    recalls_from_private: bool = False
    public_playground: bool = False
    sign_ins_per_minute: int = 20
    mcp_hosts: tuple[str, ...] = ()
    mcp_urls: Mapping[str, str] = {}
    service_limit_ms: int = 500
    ocr_limit_ms: int = 5_000
    breaker: BreakerSettings = BreakerSettings()
    otel_endpoint: str = ""
    otel_service_name: str = ""
    otel_sampler: str = ""
    traces_per_second: int = 100

    @property
    def in_production(self) -> bool:
        """Whether only signed packs may be used; staging runs as production."""
        return self.environment != "development"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises SettingsError with one line that names the variable."""
    env = os.environ if environ is None else environ
    environment = env.get("CLAIMLENS_ENV", "development")
    if environment not in ENVIRONMENTS:
        raise SettingsError(f"CLAIMLENS_ENV is {environment!r}; it is one of {', '.join(ENVIRONMENTS)}")
    home = Path(env.get("HOME", "."))
    packs_dir = env.get("CLAIMLENS_PACKS_DIR")
    if packs_dir and not Path(packs_dir).is_dir():
        raise SettingsError(f"CLAIMLENS_PACKS_DIR: there is no folder {packs_dir!r}")
    return Settings(
        environment=environment,
        data_dir=Path(
            env.get("CLAIMLENS_DATA_DIR") or Path(env.get("XDG_DATA_HOME") or home / ".local/share") / "claimlens"
        ),
        cache_dir=Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "claimlens",
        packs_dir=Path(packs_dir) if packs_dir else None,
        packs_public_key=read_public_key("CLAIMLENS_PACKS_PUBLIC_KEY", env.get("CLAIMLENS_PACKS_PUBLIC_KEY", "")),
        host=env.get("CLAIMLENS_HOST") or "127.0.0.1",
        port=_number(env, "CLAIMLENS_PORT", 8080, least=0, most=65_535),
        database_url=_database(env, "DATABASE_URL"),
        database_read_url=_database(env, "DATABASE_READ_URL"),
        database_max_connections=_number(env, "DATABASE_MAX_CONNECTIONS", 10, least=2, most=10_000),
        redis_url=_url(env, "REDIS_URL", ("redis", "rediss", "redis+cluster", "rediss+cluster", "unix")),
        secret_key=_secret(env, "CLAIMLENS_SECRET_KEY"),
        secret_keys_also=_secrets(env, "CLAIMLENS_SECRET_KEYS_ALSO"),
        seal_key=_private_key(env, "CLAIMLENS_SEAL_KEY"),
        backup_key=_secret(env, "CLAIMLENS_BACKUP_KEY"),
        backup_to=env.get("CLAIMLENS_BACKUP_TO", "").strip(),
        s3_endpoint=_url(env, "AWS_ENDPOINT_URL", ("https", "http")),
        pg_bin=_folder(env, "CLAIMLENS_PG_BIN"),
        seal_interval_s=_number(env, "CLAIMLENS_SEAL_INTERVAL_S", 300, least=10, most=86_400),
        trusted_proxies=_networks("CLAIMLENS_TRUSTED_PROXIES", env.get("CLAIMLENS_TRUSTED_PROXIES", "")),
        ops_networks=_networks("CLAIMLENS_OPS_NETWORKS", env.get("CLAIMLENS_OPS_NETWORKS", PRIVATE_NETWORKS)),
        cors_origins=_origins(env, "CLAIMLENS_CORS_ORIGINS"),
        requests_per_minute=_number(env, "CLAIMLENS_REQUESTS_PER_MINUTE", 100, least=1),
        requests_per_second_per_ip=_number(env, "CLAIMLENS_REQUESTS_PER_SECOND_PER_IP", 10, least=1),
        items_per_minute=_number(env, "CLAIMLENS_ITEMS_PER_MINUTE", 20_000, least=1),
        items_waiting=_number(env, "CLAIMLENS_ITEMS_WAITING", 2_000, least=1),
        sign_ins_per_minute=_number(env, "CLAIMLENS_SIGN_INS_PER_MINUTE", 20, least=1),
        public_playground=_switch(env, "CLAIMLENS_PUBLIC_PLAYGROUND"),
        maintenance_file=Path(path) if (path := env.get("CLAIMLENS_MAINTENANCE_FILE", "").strip()) else None,
        url=_url(env, "CLAIMLENS_URL", ("http", "https")) or "http://127.0.0.1:8080",
        contacts_file=Path(path) if (path := env.get("CLAIMLENS_CONTACTS_FILE", "").strip()) else None,
        recalls_stale_days=_number(env, "CLAIMLENS_RECALLS_STALE_DAYS", 14, least=1, most=3_650),
        recalls_feeds=_feeds(env, "CLAIMLENS_RECALLS_FEEDS"),
        recalls_refresh_hours=_number(
            env, "CLAIMLENS_RECALLS_REFRESH_HOURS", 0 if environment == "development" else 24, least=0, most=720
        ),
        recalls_from_private=_development_only(env, "CLAIMLENS_RECALLS_FROM_PRIVATE", environment),
        mcp_hosts=_names(env, "CLAIMLENS_MCP_HOSTS"),
        mcp_urls=_mcp_urls(env, environment),
        service_limit_ms=_number(env, "CLAIMLENS_SERVICE_LIMIT_MS", 500, least=10, most=60_000),
        ocr_limit_ms=_number(env, "CLAIMLENS_OCR_LIMIT_MS", 5_000, least=100, most=60_000),
        breaker=BreakerSettings(
            failures=_number(env, "CLAIMLENS_BREAKER_FAILURES", 5, least=1, most=1_000),
            rest_s=_number(env, "CLAIMLENS_BREAKER_REST_S", 30, least=1, most=3_600),
            successes=_number(env, "CLAIMLENS_BREAKER_SUCCESSES", 2, least=1, most=1_000),
        ),
        otel_endpoint=_collector(env),
        otel_service_name=env.get("OTEL_SERVICE_NAME", "").strip(),
        otel_sampler=_sampler(env, "OTEL_TRACES_SAMPLER"),
        traces_per_second=_number(env, "CLAIMLENS_TRACES_PER_SECOND", 100, least=1),
        webhooks_to_private=_development_only(env, "CLAIMLENS_WEBHOOKS_TO_PRIVATE", environment),
    )


def secret_files(environ: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Settings that are secret → the file that each names, for those that name one."""
    env = os.environ if environ is None else environ
    values = {name: env.get(name, "") for name in SECRET_SETTINGS}
    return {name: Path(value) for name, value in values.items() if value and os.path.isfile(value)}


def _number(env: Mapping[str, str], name: str, default: int, *, least: int, most: int = 1_000_000_000) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is {text!r:.40}; it is a whole number from {least} to {most}")
    return int(text)


def _development_only(env: Mapping[str, str], name: str, environment: str) -> bool:
    """A wall that may be left open on a developer's machine and nowhere else."""
    value = _switch(env, name)
    if value and environment != "development":
        raise SettingsError(f"{name} is for development only; CLAIMLENS_ENV is {environment}")
    return value


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip()
    if value not in ("", "0", "1"):
        raise SettingsError(f"{name} is {value!r:.40}; it is 1 or 0")
    return value == "1"


def _url(env: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    url = env.get(name, "").strip()
    if url and url.partition("://")[0] not in schemes:
        # The value may hold a password: only its scheme is shown.
        raise SettingsError(f"{name} begins with {url.partition(':')[0]!r:.30}; it is a URL: {', '.join(schemes)}")
    return url


def _collector(env: Mapping[str, str]) -> str:
    """Where traces go; empty: nowhere."""
    endpoint = _url(env, "OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https"))
    disabled = env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    protocol = env.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
    if not endpoint or disabled:
        return ""
    if protocol not in ("", "http/protobuf"):
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r:.40}; traces are sent over http/protobuf only")
    return endpoint


def _sampler(env: Mapping[str, str], name: str) -> str:
    sampler = env.get(name, "").strip().lower()
    if sampler and sampler not in SAMPLERS:
        raise SettingsError(f"{name} is {sampler!r:.40}; it is one of {', '.join(SAMPLERS)}")
    return sampler


def _database(env: Mapping[str, str], name: str) -> str:
    url = _url(env, name, ("postgresql", "postgres", "sqlite"))
    if url.startswith("sqlite") and not url.startswith("sqlite:///"):
        raise SettingsError(f"{name} names no file; a SQLite URL looks like sqlite:////var/lib/claimlens/claimlens.db")
    return url


def _secret(env: Mapping[str, str], name: str) -> bytes:
    """The installation's secret: the value, or the content of the file it names. Never shown in an error."""
    value = env.get(name, "")
    if value and os.path.isfile(value):
        value = Path(value).read_text(encoding="utf-8", errors="replace")
    secret = value.strip().encode()
    if secret and len(secret) < 32:
        raise SettingsError(f"{name} is too short; it needs at least 32 characters (openssl rand -hex 32)")
    return secret


def _secrets(env: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    """Several secrets, one a line, each as `_secret` reads one."""
    return tuple(_secret({name: line.strip()}, name) for line in env.get(name, "").splitlines() if line.strip())


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name, "")
    if value and not Path(value).is_dir():
        raise SettingsError(f"{name}: there is no folder {value!r}")
    return Path(value) if value else None


def _private_key(env: Mapping[str, str], name: str) -> bytes:
    """A raw Ed25519 private key: 64 hex digits, or a file that holds them. Never shown in an error."""
    value = env.get(name, "")
    if value and os.path.isfile(value):
        value = Path(value).read_text(encoding="ascii", errors="replace")
    try:
        key = bytes.fromhex(value.strip())
    except ValueError:
        key = b"?"
    if len(key) not in (0, 32):
        raise SettingsError(f"{name} must be 64 hex digits (an Ed25519 private key) or a file that holds them")
    return key


def _networks(name: str, text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; it is a list of networks such as 10.0.0.0/8, with commas") from None


def _feeds(env: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """(source, URL) pairs; a source may have several."""
    feeds = []
    for part in env.get(name, "").split():
        source, _, url = part.partition("=")
        try:
            url.format(since=date.min, today=date.min)
            is_dated = True
        except (ValueError, LookupError):
            is_dated = False
        if not source.replace("-", "").isalnum() or source != source.lower() or "://" not in url or not is_dated:
            raise SettingsError(
                f"{name}: {part!r:.80} is no feed; one looks like fsa=https://host/path?since={{since}}"
            )
        feeds.append((source, url))
    return tuple(feeds) or RECALL_FEEDS


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = tuple(part.strip().lower() for part in env.get(name, "").split(",") if part.strip())
    for host in names:
        if not all(sign.isascii() and (sign.isalnum() or sign in ".-_") for sign in host):
            raise SettingsError(f"{name}: {host!r:.60} is no host name; one looks like mcp-recall-lookup, with no port")
    return names


def _mcp_urls(env: Mapping[str, str], environment: str) -> dict[str, str]:
    """Service → the URL of its server, for those that have one. Whom a server may be is the operator's to list."""
    trusted = _names(env, "CLAIMLENS_MCP_TRUSTED_HOSTS")
    urls = {}
    for service in SERVICES:
        name = f"CLAIMLENS_MCP_{service.upper().replace('.', '_')}_URL"
        url = _url(env, name, ("http", "https"))
        if not url:
            continue
        try:
            parts = urlsplit(url)
            host, _ = (parts.hostname or "").lower(), parts.port
        except ValueError:
            host = ""
        if not host or parts.username is not None or parts.query or parts.fragment or not url.isascii():
            raise SettingsError(f"{name} is no address of a server; one looks like http://127.0.0.1:7001/mcp")
        if trusted and host not in trusted:
            raise SettingsError(f"{name} names the host {host!r:.60}, which CLAIMLENS_MCP_TRUSTED_HOSTS does not list")
        if parts.scheme == "http" and environment != "development" and host not in trusted:
            raise SettingsError(
                f"{name} is plain http, which outside development is for hosts that CLAIMLENS_MCP_TRUSTED_HOSTS lists"
            )
        urls[service] = url if parts.path.strip("/") else f"{url.rstrip('/')}/mcp"
    return urls


def _origins(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())
    for origin in origins:
        scheme, _, rest = origin.partition("://")
        if scheme not in ("http", "https") or not rest or "/" in rest or "*" in origin or not origin.isascii():
            raise SettingsError(f"{name}: {origin!r:.60} is no origin; one looks like https://shop.example")
    return origins


def read_public_keys(setting: str, value: str) -> list[bytes]:
    """As `read_public_key`, from a file that may hold several, one a line. Raises SettingsError."""
    if os.path.isfile(value):
        lines = Path(value).read_text(encoding="ascii", errors="replace").split()
        return [key for line in lines or ["?"] if (key := read_public_key(setting, line)) is not None]
    return [key] if (key := read_public_key(setting, value)) is not None else []


def read_public_key(setting: str, value: str) -> bytes | None:
    """A raw Ed25519 public key: 64 hex digits, or the path of a file that holds them. Raises SettingsError."""
    if not value:
        return None
    text = value
    if os.path.isfile(value):
        text = Path(value).read_text(encoding="ascii", errors="replace")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsError(f"{setting} must be 64 hex digits (an Ed25519 public key) or a file that holds them")
    return key
