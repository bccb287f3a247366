# Two stages: the first installs from the lock, the second holds nothing but Python and the bot.
# `make container` carries out these lines, in this order, on a machine without an engine.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock .
# Wheels only: there is no compiler here, and no package's own code runs while installing.
RUN python -m venv /opt/lagesbot \
 && /opt/lagesbot/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock

FROM python:3.12-slim
# The number matters outside: whoever mounts secrets lets 10001 read them.
RUN groupadd --gid 10001 lagesbot \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /srv/lagesbot --shell /usr/sbin/nologin lagesbot \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/lagesbot
COPY --from=build /opt/lagesbot /opt/lagesbot
WORKDIR /srv/lagesbot
COPY LICENSE .
COPY bot bot
COPY commands commands
COPY storage storage
COPY templates templates
# Compiled once here: the bot may not write beside its sources, and would do it at every start.
RUN python -m compileall -q bot commands storage
# These two win over the settings file, whose relative paths would lead into a folder that can't
# be written to. For PostgreSQL, set LAGESBOT_DATABASE on the container.
ENV PATH=/opt/lagesbot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LAGESBOT_DATA=/var/lib/lagesbot \
    LAGESBOT_DATABASE=sqlite:////var/lib/lagesbot/lagesbot.db
USER 10001:10001
VOLUME /var/lib/lagesbot
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s \
  CMD ["python", "-m", "bot", "--config", "/etc/lagesbot/lagesbot.toml", "health"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "bot", "--config", "/etc/lagesbot/lagesbot.toml", "run"]
