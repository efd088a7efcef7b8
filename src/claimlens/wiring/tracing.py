"""Where traces go: to a collector if one is configured, else nowhere."""

from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.ports.tracing import Tracer
from claimlens.usecases.untraced import Untraced


def open_tracer(settings: Settings, name: str, *, trusting: bool = False) -> Tracer:
    """The tracer of the process `name`; `trusting`: whoever asks it is one of ours. Raises ClaimLensError."""
    if not settings.otel_endpoint:
        return Untraced()
    try:
        from claimlens.adapters.otel.tracer import OtelTracer  # a tenth of a second, and a thread
    except ImportError as error:
        raise ClaimLensError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set and the package of {error.name} is missing: pip install "
            "'claimlens[otel]', or unset it"
        ) from None
    return OtelTracer(
        settings.otel_endpoint,
        settings.otel_service_name or name,
        most_per_s=None if settings.otel_sampler else settings.traces_per_second,
        trusting=trusting,
    )
