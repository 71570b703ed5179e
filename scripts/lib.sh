# shellcheck shell=bash
# What the scripts share: each keeps a virtual environment of its own in the checkout, and needs Python >= 3.11 only.

# Print the command of a Python that can make virtual environments; $PYTHON comes first.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        # A name on the path may be a stub that refuses to run, so it is tried.
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "callwright needs Python 3.11 or newer with the modules venv and ensurepip (Debian: python3-venv)." >&2
    echo "None of python3.13, python3.12, python3.11, python3 is one. Name yours: PYTHON=/path/to/python $0" >&2
    return 1
}

# What an environment was made from: when this changes, it is made anew.
recipe() {
    cat pyproject.toml constraints.txt
    echo "$@"
}

# environment DIRECTORY PIP-ARGUMENT...: make DIRECTORY with what the arguments name, unless it is there already.
# Sets `is_new` to yes or no.
environment() {
    local directory=$1 python
    shift
    is_new=no
    if [ -x "$directory/bin/python" ] && recipe "$@" | cmp -s - "$directory/recipe"; then
        return
    fi
    python=$(find_python)
    echo "making $directory with $("$python" --version) (the first time takes about a minute)" >&2
    "$python" -m venv --clear "$directory"
    pip_install "$directory" --upgrade pip hatchling editables
    pip_install "$directory" "$@"
    recipe "$@" >"$directory/recipe"
    is_new=yes
}

# pip_install DIRECTORY PIP-ARGUMENT...: install at the versions of constraints.txt. Our own package is built with the
# environment's hatchling, for an isolated build would fetch one of its own each time.
pip_install() {
    local directory=$1
    shift
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-build-isolation \
        --constraint constraints.txt "$@"
}
