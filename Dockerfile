# worker and starter as images that hold one program each and run without root:
#
#   docker build --target worker --build-arg VERSION=1.0.0 -t deskbridge-worker:1.0.0 .
#   docker build --target starter --build-arg VERSION=1.0.0 -t deskbridge-starter:1.0.0 .
ARG GO_VERSION=1.26
FROM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    mkdir -p /out/files && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w -X deskbridge/internal/version.release=${VERSION}" -o /out/ ./worker ./starter

# distroless: certificates, no shell; its user nonroot is 65532.
FROM gcr.io/distroless/static-debian12:nonroot AS base
WORKDIR /etc/deskbridge
COPY --from=build --chown=65532:65532 /out/files /var/lib/deskbridge/files
VOLUME /var/lib/deskbridge/files

FROM base AS worker
COPY --from=build /out/worker /usr/local/bin/worker
EXPOSE 8081
HEALTHCHECK --interval=10s --start-period=30s CMD ["/usr/local/bin/worker", "-probe", "-health", "127.0.0.1:8081"]
ENTRYPOINT ["/usr/local/bin/worker", "-health", "0.0.0.0:8081"]

FROM base AS starter
COPY --from=build /out/starter /usr/local/bin/starter
EXPOSE 8080
HEALTHCHECK --interval=10s --start-period=30s CMD ["/usr/local/bin/starter", "serve", "--probe", "--listen", "127.0.0.1:8080"]
ENTRYPOINT ["/usr/local/bin/starter"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
