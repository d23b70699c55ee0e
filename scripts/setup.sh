#!/usr/bin/env bash
# Make ready what the named extras of pyproject.toml need: programs, Python, .venv, packages.
# It does nothing where all of it is there already, and installs programs only as root on a
# Debian-like system; elsewhere it names them with the command that installs them.
#
#   scripts/setup.sh EXTRA...        for example: scripts/setup.sh api worker flower
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STAMP=.venv/.installed
readonly LOG=run/logs/setup.log

say() { printf 'setup: %s\n' "$*"; }
die() {
    say "$*" >&2
    exit 1
}

# Run a command with its output in the log. While it runs, say every half minute how long it has
# been at it and on what; where it fails, show the end of the log.
quietly() {
    local began=$SECONDS shown=$SECONDS status=0 pid
    "$@" >>"$LOG" 2>&1 </dev/null &
    pid=$!
    # shellcheck disable=SC2064 # the process of now is meant
    trap "kill $pid 2>/dev/null; exit 130" INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - shown >= 30)); then
            shown=$SECONDS
            say "  $((SECONDS - began)) s: $(tail -n 1 "$LOG" | tr -d '\r' | cut -c 1-100)"
        fi
    done
    wait "$pid" || status=$?
    trap - INT TERM
    if ((status != 0)); then
        tail -n 20 "$LOG" >&2
        die "this failed: $* (all of its output: $LOG)"
    fi
}

# Print the first Python of a version that the packages are there for.
find_python() {
    local name
    for name in python3.11 python3 python3.12 python3.13; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

# Print the Debian packages that are missing, one a line.
missing_packages() {
    local program python
    for program in redis-server ffmpeg espeak-ng; do
        command -v "$program" >/dev/null || echo "$program"
    done
    [[ -x .venv/bin/python ]] && return
    python=$(find_python)
    if [[ -z $python ]]; then
        echo python3-venv
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
}

# Print the command that installs the named Debian packages on this system.
install_command() {
    local sudo=''
    if ((EUID != 0)) && ! command -v brew >/dev/null; then
        if command -v sudo >/dev/null; then sudo='sudo '; else printf '(as root) '; fi
    fi
    if command -v apt-get >/dev/null; then
        echo "${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends $*"
    elif command -v brew >/dev/null; then
        echo "brew install $*" | sed 's/redis-server/redis/; s/python3[.0-9]*-venv/python@3.11/'
    elif command -v dnf >/dev/null; then
        echo "${sudo}dnf install $*" | sed 's/redis-server/redis/; s/python3[.0-9]*-venv/python3.11/'
    else
        echo "your system's package manager ($*)"
    fi
}

# Install Debian packages without starting a Redis server that nobody asked for.
apt_install() {
    local policy=/usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    say "installing $* with apt-get"
    if [[ ! -e $policy ]]; then
        # shellcheck disable=SC2064 # the path of now is meant
        trap "rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    quietly apt-get update
    quietly apt-get install -y --no-install-recommends "$@"
}

programs() {
    local missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} == 0)) && return
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        apt_install "${missing[@]}"
        mapfile -t missing < <(missing_packages)
        ((${#missing[@]} == 0)) && return
    fi
    die "missing: ${missing[*]}. Install with: $(install_command "${missing[@]}")"
}

# Print what an installation depends on, as the stamp's first line. The programs in .venv name its
# place, so one in a folder that has moved is made anew.
fingerprint() { echo "$PWD $(cat pyproject.toml constraints.txt | cksum)"; }

packages() {
    local extra wanted python
    if [[ -x .venv/bin/python ]] && ! .venv/bin/python -c '' 2>/dev/null; then
        die 'the Python of .venv is gone; remove the folder .venv and start again'
    fi
    wanted=$(printf '%s\n' "$@" | sort -u)
    if [[ -e $STAMP && $(head -n 1 "$STAMP") == "$(fingerprint)" ]] &&
        [[ -z $(comm -13 <(tail -n +2 "$STAMP") <(echo "$wanted")) ]]; then
        return
    fi
    if [[ -e $STAMP && $(head -n 1 "$STAMP") != "$PWD "* ]]; then
        say 'this folder has moved: its .venv is made anew'
        rm -rf .venv
        programs
    fi
    if [[ ! -x .venv/bin/python ]]; then
        python=$(find_python)
        say "making .venv with $("$python" --version)"
        quietly "$python" -m venv .venv
    fi
    if [[ -e $STAMP ]]; then
        wanted=$( (tail -n +2 "$STAMP"; echo "$wanted") | sort -u)
    fi
    extra=$(paste -s -d , <<<"$wanted")
    say "installing the Python packages of: $extra (minutes, the first time)"
    quietly .venv/bin/python -m pip --disable-pip-version-check install --progress-bar off \
        --constraint constraints.txt --editable ".[$extra]"
    {
        fingerprint
        echo "$wanted"
    } >"$STAMP"
    say "ready after $SECONDS s"
}

(($# > 0)) || die 'which extras of pyproject.toml? for example: scripts/setup.sh api worker flower'
mkdir -p "$(dirname "$LOG")"
: >"$LOG"
programs
packages "$@"
