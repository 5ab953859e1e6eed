# syntax=docker/dockerfile:1
# What every Ray node runs: driver, trials, `garment` and `ray`. Built from the project's root:
#   docker build -f infra/images/trainer.Dockerfile -t garment-sweeps/trainer:0.1.0 .
# On x86-64 the locked torch brings its own CUDA libraries: the node needs NVIDIA's driver and container runtime alone.
FROM python:3.11.15-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY infra/requirements.lock /build/infra/requirements.lock
RUN /opt/venv/bin/pip install --requirement /build/infra/requirements.lock
COPY pyproject.toml README.md LICENSE /build/
COPY model /build/model
COPY platform /build/platform
RUN /opt/venv/bin/pip install --no-deps /build

FROM python:3.11.15-slim-bookworm
# wget is what KubeRay's probes call; procps and rsync are what Ray's cluster launcher calls.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends wget procps rsync \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --shell /bin/bash garment \
    && install --directory --owner garment --group garment /home/garment/.garment /home/garment/.ray
COPY --from=build /opt/venv /opt/venv
COPY --chmod=0555 infra/images/with_secrets.sh /usr/local/bin/with_secrets
COPY experiments /opt/garment/experiments
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    GARMENT_HOME=/home/garment/.garment \
    PYTHONUNBUFFERED=1 \
    RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0
USER 1000:1000
WORKDIR /opt/garment
ENTRYPOINT ["/usr/local/bin/with_secrets"]
CMD ["garment", "doctor"]
