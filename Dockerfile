# One image for every role: the worker of either kind, beat, and the commands people type (docker-compose.yml). The sandbox
# is an image of its own, by `--build-arg LOCK=requirements-sandbox.lock`: no worker needs to carry DuckDB. So is one whose
# workers store Parquet, by `LOCK=requirements-parquet.lock`.
# 3.11 is the oldest Python that Forebay supports and the one its tests run on. A build that shall come out alike names the
# base by its digest, too: `--build-arg BASE=python:3.11-slim-bookworm@sha256:…`, as deploy/image/scan.yml does, which has
# it looked up and tried anew each week; a digest that stood here would keep its holes.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# What changes seldom comes first, so that a change of ours reinstalls nothing. Everything is pinned by hash.
COPY requirements-build.lock ./
RUN python -m venv --without-pip /opt/forebay \
    && pip install --require-hashes -r requirements-build.lock

ARG LOCK=requirements.lock
COPY ${LOCK} ./
RUN pip --python /opt/forebay/bin/python install --require-hashes -r "${LOCK}"

# .dockerignore lets the source in and nothing else.
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/forebay/bin/python install --no-deps dist/*.whl


FROM ${BASE}

ARG BASE
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Forebay" \
      org.opencontainers.image.description="A distributed job queue with a concurrency governor for Stripe's Query Run API" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE}"

# Nothing that installs stays in the image. /data is all that a container writes: the ledger when it is a folder, landed
# results when they are, and what is spooled on the way (which must not fill a tmpfs, that is memory).
RUN pip uninstall --yes pip setuptools wheel \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin forebay \
    && install --directory --owner forebay --group forebay /data /data/tmp /work

COPY --from=build /opt/forebay /opt/forebay

ENV PATH=/opt/forebay/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TMPDIR=/data/tmp \
    FOREBAY_DATA_DIR=/data \
    FOREBAY_LEDGER=/data/ledger

# A worker ends in order, within 55 s.
STOPSIGNAL SIGTERM
# By number, so that Kubernetes can see that it is not root.
USER 10001
# Where forebay.yaml and .sql files are mounted, read-only.
WORKDIR /work

# No HEALTHCHECK: what healthy means depends on the role (docker-compose.yml).
ENTRYPOINT ["forebay"]
CMD ["--help"]
