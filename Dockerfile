# syntax=docker/dockerfile:1
# Two small images without a shell, not root: docker build --target http . and docker build --target jobs . (or just images, without Docker).
ARG BUILDER=rust:1.95-bookworm
# glibc, CA certificates, a user `nonroot` (65532); no shell, no package manager.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    CARGO_PROFILE_RELEASE_STRIP=symbols cargo build --locked --release -p cheapbob-http -p cheapbob-jobs \
    && mkdir /out && cp target/release/cheapbob-http target/release/cheapbob-jobs /out/

FROM ${BASE} AS base
ENV ENVIRONMENT=production HOST=0.0.0.0
USER 65532:65532

FROM base AS http
COPY --from=build /out/cheapbob-http /usr/local/bin/cheapbob-http
ENV PORT=3000 METRICS_PORT=9100
EXPOSE 3000 9100
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["/usr/local/bin/cheapbob-http", "health"]
ENTRYPOINT ["/usr/local/bin/cheapbob-http"]
CMD ["--no-jobs"]

FROM base AS jobs
COPY --from=build /out/cheapbob-jobs /usr/local/bin/cheapbob-jobs
ENV METRICS_PORT=9100
EXPOSE 9100
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["/usr/local/bin/cheapbob-jobs", "health"]
ENTRYPOINT ["/usr/local/bin/cheapbob-jobs"]
CMD ["run"]
