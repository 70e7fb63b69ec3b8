"""Makes .venv and installs a locked set of packages into it: `python3 tools/install.py run|dev`.

Does nothing, in well under a second, when that set is installed already. pip does the work, so that a
person's own pip configuration (proxy, certificates, mirror) counts. Every file is checked against the
hashes in requirements/. Written for any Python 3, so that an old one gets to read what is wrong.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

LEAST, NEWEST = (3, 11), (3, 14)
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.json")
NEEDED_MB = {"run": 500, "dev": 1300}


def main():
    wanted = sys.argv[1]
    use_a_python_that_is_new_enough()
    os.chdir(HERE)
    with open(os.path.join(HERE, ".venv.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make run` in one checkout
        if installed() not in (wanted, "dev"):
            install(wanted)


def use_a_python_that_is_new_enough():
    if sys.version_info[:2] >= LEAST:
        return
    for minor in range(NEWEST[1], LEAST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        if other:
            os.execv(other, [other] + sys.argv)
    stop(
        "Quietroom needs Python 3.11 or newer; %s is %d.%d." % ((sys.executable,) + sys.version_info[:2]),
        "Install a newer one and name it: make run PYTHON=python3.12",
    )


def expected(wanted):
    """Return what the stamp says once `wanted` is installed: where, by which Python, from which locks."""
    locks = hashlib.sha256()
    for name in ("run.txt", "dev.txt"):
        with open(os.path.join(HERE, "requirements", name), "rb") as lock:
            locks.update(lock.read())
    return {"set": wanted, "venv": VENV, "python": list(sys.version_info[:2]), "locks": locks.hexdigest()}


def installed():
    """Return the name of the set that is installed and current, or None."""
    try:
        with open(STAMP) as stamp:
            found = json.load(stamp)
        works = subprocess.call([PYTHON, "-c", ""], stderr=subprocess.DEVNULL) == 0
    except (OSError, ValueError):
        return None
    return found["set"] if works and found == expected(found.get("set")) else None


def install(wanted):
    began = time.time()
    free_mb = shutil.disk_usage(HERE).free // 1000000
    if free_mb < NEEDED_MB[wanted]:
        stop(
            "%d MB are free here, %d MB are needed." % (free_mb, NEEDED_MB[wanted]),
            "Make room and start again.",
        )
    make_venv()
    if os.path.exists(STAMP):
        os.unlink(STAMP)
    say("Installing the packages of requirements/%s.txt (once) ..." % wanted)
    line = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-user",
        "--no-deps",
    ]
    line += ["--require-hashes", "-r", os.path.join("requirements", wanted + ".txt")]
    if subprocess.call(line) != 0:
        stop(
            "pip could not install the packages; its own message is above.",
            "Most often it is the network, a proxy that pip was not told of, or a disk that is full.",
        )
    with open(STAMP, "w") as stamp:
        json.dump(expected(wanted), stamp)
    say("Installed in %.0f s." % (time.time() - began))


def make_venv():
    try:
        with open(STAMP) as stamp:
            found = json.load(stamp)
        same = all(found[key] == expected(None)[key] for key in ("venv", "python"))
        if same and subprocess.call([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0:
            return  # only the locks changed
    except (OSError, ValueError, KeyError):
        pass
    say("Making .venv with Python %d.%d ..." % sys.version_info[:2])
    made = subprocess.Popen(
        [sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    text = made.communicate()[0].decode("utf-8", "replace")
    if made.returncode != 0:
        stop(
            "Python could not make a virtual environment in %s:" % VENV,
            text.strip(),
            "On Debian and Ubuntu the part that does it is a package of its own: apt install python3-venv",
        )


def say(text):
    print(text)
    sys.stdout.flush()


def stop(*lines):
    sys.exit("\n".join(("",) + lines))


if __name__ == "__main__":
    try:
        main()
    except OSError as exc:
        stop("Quietroom cannot install itself in %s:" % HERE, str(exc))
