# The local stack in a container: for development and trials, never for real money. docs/local.md says how to run it.
#
# Images are named by version. To hold them to one content, name the digest that
# `docker buildx imagetools inspect <image>` prints: `FROM rust:1.95.0-slim-trixie@sha256:…`. Both stages are of one
# Debian, so that the program finds the C library that it was linked against.

# `.ci/release` builds with this version, too.
ARG RUST=1.95.0
FROM rust:${RUST}-slim-trixie AS build
WORKDIR /quittance
COPY . .
# The caches of cargo outlive a build; the image has nothing of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/quittance/target \
    cargo build --locked --release --package quittance \
    && install -D target/release/quittance /installed/quittance \
    && install -d /empty

# A C library, certificates of authorities, and neither a shell nor a package manager.
FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /installed/quittance /usr/local/bin/quittance
# A volume takes its owner from the folder over which it is laid.
COPY --from=build --chown=65532:65532 /empty /data
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/quittance/
# nonroot: by number, which also says to whom a folder of the host has to belong.
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 9000
# Without a shell and curl the program asks itself. It has to read the order table for the answer.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["/usr/local/bin/quittance", "orders", "list", "--limit", "1"]
ENTRYPOINT ["/usr/local/bin/quittance"]
CMD ["--data", "/data"]
