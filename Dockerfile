# The image that web, worker, beat and migrate share. It carries no database and no development tools.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements/image.txt requirements/image.txt
RUN /venv/bin/pip install --no-deps --require-hashes --requirement requirements/image.txt
COPY . .
# Collecting static files needs no database and no secret; the demo's settings ask for neither.
RUN QUIETROOM_DEMO=1 QUIETROOM_DATA=/tmp/build STATIC_ROOT=/app/static \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin quietroom
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    STATIC_ROOT=/app/static \
    HOST=0.0.0.0 \
    PORT=8000
USER quietroom
EXPOSE 8000
CMD ["gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]
