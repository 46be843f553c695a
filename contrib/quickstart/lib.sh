# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What contrib/quickstart's commands share: packages, and building in a directory of its own.

packages_build='gcc libc6-dev make autoconf automake pkgconf libmilter-dev libspf2-dev libopendkim-dev
    libunbound-dev libldns-dev libpsl-dev libidn2-dev libunistring-dev libhiredis-dev liblmdb-dev libconfig-dev
    libjansson-dev libseccomp-dev libsodium-dev libssl-dev zlib1g-dev libmicrohttpd-dev publicsuffix'
packages_demo='postfix python3 python3-dnslib python3-dkim'
packages_test='libcmocka-dev bats miltertest redis-server redis-tools opendkim-tools python3-yaml
    python3-spf python3-nacl valgrind mandoc clang libclang-rt-14-dev binutils procps xz-utils
    netcat-openbsd curl python3-prometheus-client swaks libavro-dev avro-bin dovecot-imapd dovecot-sieve gdb libfaketime'
packages_sendmail='m4 iproute2 libdb5.3 libldap-2.5-0 libnsl2 libwrap0 libsasl2-modules'

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

missing_packages() { # PACKAGE...
    local p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || echo "$p"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs what is missing. Services of new packages are neither started nor left to start at boot, and nothing that
# is installed is removed or upgraded away: the host's own services stay as they are.
install_packages() { # PACKAGE...
    local missing plan policy=/usr/sbin/policy-rc.d made_policy= service
    command -v apt-get >/dev/null || die "this needs apt-get (Debian 12). Elsewhere: install $*, then ./configure && make"
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "these packages are missing and only root can install them:" $missing
    say "installing:" $missing
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -qq update || die "apt-get update failed"
    # shellcheck disable=SC2086
    plan=$(apt-get -s install --no-install-recommends $missing) || die "apt-get cannot install:" $missing
    if printf '%s\n' "$plan" | grep '^Remv'; then
        die "installing would remove the packages above (another mail server?): nothing was changed"
    fi
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made_policy=1
    fi
    echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $missing \
        >/tmp/vouch-quickstart-apt.$$ 2>&1 || {
        tail -n 20 /tmp/vouch-quickstart-apt.$$
        [ -z "$made_policy" ] || as_root rm -f "$policy"
        die "apt-get install failed"
    }
    rm -f /tmp/vouch-quickstart-apt.$$
    [ -z "$made_policy" ] || as_root rm -f "$policy"
    for service in postfix:postfix redis-server:redis-server dovecot-imapd:dovecot; do
        if printf '%s\n' "$missing" | grep -qx "${service%:*}" && [ -d /run/systemd/system ]; then
            as_root systemctl disable --quiet "${service#*:}" 2>/dev/null || true
        fi
    done
}

# Configures in DIR; shows what went wrong, and only then.
configure_in() { # DIR CONFIGURE-OPTION...
    local dir=$1 log
    shift
    [ -x "$top/configure" ] && [ "$top/configure" -nt "$top/configure.ac" ] &&
        [ "$top/Makefile.in" -nt "$top/Makefile.am" ] ||
        (cd "$top" && autoreconf -i >"${TMPDIR:-/tmp}/vouch-autoreconf.$$" 2>&1) || {
        cat "${TMPDIR:-/tmp}/vouch-autoreconf.$$"
        die "autoreconf failed"
    }
    rm -f "${TMPDIR:-/tmp}/vouch-autoreconf.$$"
    mkdir -p "$dir"
    log=$dir/quickstart.log
    (cd "$dir" && { [ -f config.status ] && [ config.status -nt "$top/configure" ] || "$top/configure" "$@"; }) \
        >"$log" 2>&1 || {
        tail -n 40 "$log"
        die "configure failed; all of it is in $log"
    }
}

build_in() { # DIR CONFIGURE-OPTION...
    local dir=$1 log=$1/quickstart.log
    configure_in "$@"
    make -C "$dir" -s -j"$(nproc)" all >>"$log" 2>&1 || {
        tail -n 40 "$log"
        die "make failed; all of it is in $log"
    }
}

# Sendmail for tests, beside whatever mail server is installed: its Debian packages, unpacked but not installed.
unpack_sendmail() { # DIR
    local work package
    [ ! -x "$1/usr/libexec/sendmail/sendmail" ] || return 0
    say "unpacking Sendmail in $1"
    mkdir -p "$1" && work=$(mktemp -d) && chmod 755 "$work" || die "cannot make $1"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download sendmail-bin sendmail-base sendmail-cf) ||
        die "apt-get download sendmail-bin sendmail-base sendmail-cf failed"
    for package in "$work"/*.deb; do
        dpkg -x "$package" "$1" || die "$package cannot be unpacked"
    done
    rm -r "$work"
}
