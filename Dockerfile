# syntax=docker/dockerfile:1
# Two images: `docker build --target cpu .` and `docker build --target gpu .`; see docs/deployment.md. All that is done
# beyond copying is a script of this repository, and `npm run test:image` runs the same scripts without Docker.

# One exact version; the renovate bot adds its digest and keeps both current.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# What building needs and no image holds: pip brings TensorFlow's wheel, g++ and make compile the addon that calls it.
FROM ${NODE_IMAGE} AS tools
# Debian's archive keeps the newest version of a package alone, so a version written here would soon end every build.
# hadolint ignore=DL3008
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && apt-get update \
    && apt-get install -y --no-install-recommends g++ make python3 python3-pip
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts

FROM tools AS dependencies
RUN --mount=type=cache,target=/root/.npm \
    node scripts/set-up.mjs dependencies sqlite

FROM dependencies AS engine-cpu
RUN --mount=type=cache,target=/root/.cache/pip \
    node scripts/image/engine.mjs cpu /out && rm -rf .engine

FROM dependencies AS engine-gpu
RUN --mount=type=cache,target=/root/.cache/pip \
    node scripts/image/engine.mjs gpu /out && rm -rf .engine

FROM dependencies AS modules-cpu
RUN --mount=type=cache,target=/root/.npm \
    node scripts/image/modules.mjs cpu /out

FROM dependencies AS modules-gpu
RUN --mount=type=cache,target=/root/.npm \
    node scripts/image/modules.mjs gpu /out

FROM dependencies AS application
COPY nest-cli.json tsconfig.json tsconfig.build.json LICENSE ./
COPY src src
COPY web web
COPY packages/client packages/client
COPY samples samples
RUN node scripts/set-up.mjs build
# Of the sources, for /health/ready: --build-arg REVISION=$(git rev-parse HEAD).
ARG REVISION=unknown
RUN node scripts/image/application.mjs /out "${REVISION}"

# What both images share. The service needs Node alone: npm goes, and the data folder is the one place that it writes to.
FROM ${NODE_IMAGE} AS service
RUN rm -rf /usr/local/lib/node_modules /usr/local/include/node /opt/yarn-* \
        /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && install -d -o 1000 -g 1000 -m 0750 /data
ENV NODE_ENV=production \
    NODE_OPTIONS=--enable-source-maps \
    ORT_DISABLE_TELEMETRY=1 \
    WELLFORMED_HOST=0.0.0.0 \
    WELLFORMED_PORT=3000 \
    WELLFORMED_DATA=/data \
    WELLFORMED_LOG_FORMAT=json
WORKDIR /app
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["node", "health-check.mjs"]
# The service handles SIGTERM itself and leaves no children behind: as process 1 it needs no init, and no script of the base image.
ENTRYPOINT []
CMD ["node", "dist/main.js"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Wellformed" \
      org.opencontainers.image.description="Fine-tunes BERT to judge whether an English sentence is acceptable, and serves that judgement." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM service AS gpu
# The container toolkit mounts the driver's libraries; TensorFlow opens those for computing and for telling of cards. Some
# clusters mount them at /usr/local/nvidia. What the driver compiles for a card is kept with the data.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64 \
    CUDA_CACHE_PATH=/data/cuda-cache \
    WELLFORMED_ENGINE=tensorflow-gpu
COPY --from=engine-gpu /out /app
COPY --from=modules-gpu /out /app
COPY --from=application /out /app

# The last is what `docker build .` makes.
FROM service AS cpu
COPY --from=engine-cpu /out /app
COPY --from=modules-cpu /out /app
COPY --from=application /out /app
