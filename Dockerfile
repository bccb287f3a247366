# Two stages: the first installs from the lock, the second holds nothing but Python and the bot.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /opt/lagesbot \
 && /opt/lagesbot/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /srv/lagesbot --shell /usr/sbin/nologin lagesbot \
 && install -d -o lagesbot -g lagesbot -m 0700 /var/lib/lagesbot
COPY --from=build /opt/lagesbot /opt/lagesbot
WORKDIR /srv/lagesbot
COPY bot bot
COPY commands commands
COPY storage storage
COPY templates templates
ENV PATH=/opt/lagesbot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LAGESBOT_DATA=/var/lib/lagesbot \
    LAGESBOT_DATABASE=sqlite:////var/lib/lagesbot/lagesbot.db
USER lagesbot
VOLUME /var/lib/lagesbot
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s \
  CMD ["python", "-m", "bot", "--config", "/etc/lagesbot/lagesbot.toml", "health"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "bot", "--config", "/etc/lagesbot/lagesbot.toml", "run"]
