# syntax=docker/dockerfile:1
# The MLflow server, with the versions of the lock file. Built from the project's root:
#   docker build -f infra/images/mlflow.Dockerfile -t garment-sweeps/mlflow:3.17.2 .
FROM python:3.11.15-slim-bookworm
COPY infra/requirements.lock /build/requirements.lock
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin garment \
    && python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint /build/requirements.lock \
       mlflow flask-wtf psycopg2-binary boto3
COPY --chmod=0555 infra/images/with_secrets.sh /usr/local/bin/with_secrets
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
USER 1000:1000
WORKDIR /home/garment
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
ENTRYPOINT ["/usr/local/bin/with_secrets"]
# Without --app-name basic-auth nobody would be asked for a password; compose.yaml gives stores and credentials.
CMD ["mlflow", "server", "--app-name", "basic-auth", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"]
