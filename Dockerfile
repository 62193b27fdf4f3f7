# Two stages: build the environment with the locked set, then run it without pip, as nobody special.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/connector
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN /opt/connector/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY connector ./connector
RUN /opt/connector/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
# The image carries aioimaplib (GPL-3.0-only): as a combined work it is distributed under GPL-3.0 terms.
LABEL org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-only"
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin connector \
 && install -d -o connector -g connector /data \
 && install -d -o connector -g connector -m 700 /keys
COPY --from=build /opt/connector /opt/connector
COPY mappings /etc/connector/mappings
COPY config /etc/connector/config
ENV PATH=/opt/connector/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CONNECTOR_DATA_DIR=/data \
    CONNECTOR_SECRET_KEY_FILE=/keys/secret.key CONNECTOR_CONFIG=/etc/connector/config/production.toml
WORKDIR /etc/connector
USER connector
VOLUME /data /keys
EXPOSE 8710
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["connector", "health"]
ENTRYPOINT ["connector"]
CMD ["run"]
