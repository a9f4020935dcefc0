# The image: the binary, into which pages, word lists, migrations and defaults are built, the models, what the binary
# needs of a system, and nothing else.
#   docker build -t touchstone .
# The binary lists what it is made of (cargo-auditable), so scanners of images read its crates; cargo-chef builds the
# dependencies in a layer of their own, which stays until Cargo.lock changes.
FROM rust:1.95-slim-bookworm AS chef
RUN cargo install --locked cargo-chef@0.1.78 cargo-auditable@0.7.7
WORKDIR /src

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
COPY --from=plan /src/recipe.json recipe.json
RUN cargo chef cook --locked --profile dist --package touchstone --recipe-path recipe.json
COPY . .
RUN cargo auditable build --locked --profile dist --package touchstone --bin touchstone \
 && scripts/image-root target/dist/touchstone /image/root \
 && mkdir /image/data

# The list of all that is in the image, for whoever publishes it:
#   docker build --target sbom --output . .
FROM chef AS lister
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends jq && rm -rf /var/lib/apt/lists/* \
 && cargo install --locked auditable2cdx@0.1.0
COPY scripts/sbom scripts/sbom
COPY --from=build /image/root /image/root
RUN scripts/sbom /image/root >touchstone.cdx.json

FROM scratch AS sbom
COPY --from=lister /src/touchstone.cdx.json /

# No shell, no package manager, no users. tests/image.py builds this very stage.
FROM scratch
COPY --from=build /image/root /
# Mount a volume here: `data/…` in config.toml is below it.
COPY --from=build --chown=65532:65532 /image/data /data
WORKDIR /
USER 65532:65532
EXPOSE 8080 9464
ENTRYPOINT ["/touchstone"]
CMD ["serve"]
