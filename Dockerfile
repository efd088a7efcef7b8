# syntax=docker/dockerfile:1
# hadolint global ignore=DL3059
# One image for every part: `serve`, `worker`, `mcp serve NAME`, `purge`, `backup`. `make image` builds it.
ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m venv /opt/claimlens
COPY requirements/run.txt requirements/setup.txt requirements/
# What the lock names, by its hashes and nothing else.
RUN /opt/claimlens/bin/pip install --require-hashes --requirement requirements/run.txt \
 && python -m pip install --require-hashes --requirement requirements/setup.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
COPY packs packs
COPY samples samples
COPY recalls recalls
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/claimlens/bin/pip install --no-deps --no-index /wheels/claimlens-*.whl
# Packs as they were built and signed on the way here (`make packs`, `claimlens packs sign`): production takes no others.
COPY dist/packs /opt/claimlens/packs
COPY scripts/make-sbom.py scripts/
RUN /opt/claimlens/bin/python scripts/make-sbom.py /opt/claimlens/sbom.cdx.json
# Compiled once, here, so that no start has to.
RUN XDG_CACHE_HOME=/opt/claimlens/cache CLAIMLENS_PACKS_DIR=/opt/claimlens/packs \
    /opt/claimlens/bin/claimlens packs compile

FROM python:${PYTHON}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ClaimLens" \
      org.opencontainers.image.description="A pre-publish gate for food text" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# pg_dump and psql make and restore backups; libgl is what the reader of labels links against.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 10001 claimlens \
 && useradd --system --uid 10001 --gid claimlens --home-dir /var/lib/claimlens --create-home --shell /usr/sbin/nologin claimlens
COPY --from=build --chown=root:root /opt/claimlens /opt/claimlens
COPY ops/contacts.yaml /opt/claimlens/contacts.yaml
ENV PATH=/opt/claimlens/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    CLAIMLENS_ENV=production CLAIMLENS_HOST=0.0.0.0 CLAIMLENS_PORT=8080 \
    CLAIMLENS_PACKS_DIR=/opt/claimlens/packs CLAIMLENS_DATA_DIR=/var/lib/claimlens XDG_CACHE_HOME=/opt/claimlens/cache \
    CLAIMLENS_CONTACTS_FILE=/opt/claimlens/contacts.yaml
USER 10001:10001
WORKDIR /var/lib/claimlens
VOLUME ["/var/lib/claimlens"]
EXPOSE 8080 7001 7002 7003 7004
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['CLAIMLENS_PORT']}/health/ready\", timeout=4)"]
ENTRYPOINT ["claimlens"]
CMD ["serve"]
