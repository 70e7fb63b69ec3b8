#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: every package with its hashes, for Python 3.11 and later on
# every platform, no address of any registry. Versions stay as they are unless called with --upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() { # file, then what goes into it
    local file=requirements/$1.txt
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$file" pyproject.toml "$@"
    if grep -nE '://|^--' "$file"; then
        echo "$file names an address; it must not." >&2
        exit 1
    fi
}

lock dev --group dev "$@"
lock run --group embedded --constraints requirements/dev.txt "$@"
lock image --constraints requirements/dev.txt "$@"
