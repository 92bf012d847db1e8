# Built in one stage and run in another: no compiler, no pip cache and no source tree in what runs.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/groundswell
# Dependencies first: they change less often than the code, and the layer is kept.
COPY requirements.lock ./
RUN /opt/groundswell/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE README.md ./
COPY app ./app
COPY collectors ./collectors
COPY migrations ./migrations
COPY sandbox ./sandbox
RUN /opt/groundswell/bin/python -m pip install --no-build-isolation --no-deps .

FROM python:3.13-slim
# Charts as PNG are written in it.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
# A fixed number, so that a volume's owner is known; no shell, no home.
RUN groupadd --gid 10001 groundswell \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin groundswell \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/groundswell /opt/groundswell
# The root may be read-only: bytecode is compiled above, data and the key file go to /data, temporary files to /tmp.
ENV PATH=/opt/groundswell/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    GROUNDSWELL_HOST=0.0.0.0 \
    GROUNDSWELL_PORT=8000 \
    GROUNDSWELL_DATABASE_URL=sqlite:////data/groundswell.db
# From here the default places (`data/…`) are in the volume.
WORKDIR /
VOLUME /data
EXPOSE 8000
USER 10001:10001
# An empty ProxyHandler: a proxy in the environment must not answer for us.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['GROUNDSWELL_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["groundswell"]
CMD ["up"]
