# SPDX-License-Identifier: BSD-2-Clause
# For bats files that make models of journals: both are in $d, and the model is at $store.

model_begin() {
    vouch=$VOUCH_BUILDDIR/vouch
    maker=$VOUCH_BUILDDIR/tests/lib/journal_maker
    [ -x "$maker" ] || skip "built without cmocka"
    d=$(mktemp -d)
    store=lmdb:$d/m
    mkdir "$d/j"
    configure
}

model_end() {
    [ -n "${d:-}" ] || return 0 # it was skipped
    [ -z "${redis_pid:-}" ] || { kill "$redis_pid"; wait "$redis_pid" || true; }
    chmod -R u+w "$d"
    rm -rf "$d"
}

configure() { # [SETTING]
    printf 'journal: { directory = "%s"; writer = "mx1"; %s };\n' "$d/j" "${1:-}" >"$d/vouch.conf"
}

# COMMAND [ARGUMENT]...: of vouch model, on the store at hand
model() {
    "$vouch" model "$1" --config "$d/vouch.conf" --store "$store" "${@:2}"
}

digest() {
    model verify "$@" | awk '$1 == "digest" { print $2 }'
}

active() {
    model list | awk '$2 == "active" { print $1 }'
}

# at $d/r.sock
start_redis() {
    command -v redis-server >/dev/null || skip "no redis-server on this host"
    redis-server --port 0 --unixsocket "$d/r.sock" --save "" --daemonize no --dir "$d" \
        --logfile redis.log 3>&- &
    redis_pid=$!
    for _ in $(seq 1000); do
        [ ! -S "$d/r.sock" ] || return 0
        sleep 0.05
    done
    cat "$d/redis.log"
    return 1
}
