# pinbot in a container: Python, git (it knows which files are ignored) and the locked packages. There is no
# builder in it, so it makes no test builds.
#
# Alpine rather than Debian slim: smaller, and each locked package has a wheel for musl that needs nothing else.
FROM python:3.13-alpine@sha256:399babc8b49529dabfd9c922f2b5eea81d611e4512e3ed250d75bd2e7683f4b0 AS python

FROM python AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/pinbot
COPY requirements/runtime.txt .
RUN python -m pip --python /opt/pinbot install --no-cache-dir --no-compile --disable-pip-version-check \
    --require-hashes --only-binary :all: --requirement runtime.txt
COPY pinbot pinbot
# The command starts isolated (-I): what lies in the folder that it looks at is never imported. Byte code is made
# here, since nothing can be written at run time, and trusted whatever the times of the files.
RUN packages=$(/opt/pinbot/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && cp -R pinbot "$packages" \
 && python -m compileall -q --invalidation-mode unchecked-hash "$packages" \
 && printf '%s\n' '#!/opt/pinbot/bin/python -I' 'from pinbot.cli.main import run' 'run()' \
    > /opt/pinbot/bin/pinbot \
 && chmod 755 /opt/pinbot/bin/pinbot

FROM python
# Nothing is to be installed at run time: pip goes, and what could bring it back.
RUN apk add --no-cache git \
 && rm -rf $(python -c 'import ensurepip, pip; print(*ensurepip.__path__, *pip.__path__)') /usr/local/bin/pip* \
 && addgroup -g 10001 pinbot \
 && adduser -D -u 10001 -G pinbot -h /home/pinbot pinbot
COPY --from=build /opt/pinbot /opt/pinbot
ENV PATH=/opt/pinbot/bin:$PATH
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["pinbot"]
CMD ["--help"]

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pinbot" \
      org.opencontainers.image.description="Pins container base images to digests and keeps them up to date" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
