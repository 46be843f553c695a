#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The pages and the programs in step: every option of a command's --help stands in its section of the page, and no
# other does; the pages are well-formed.
set -u
src=${VOUCH_SRCDIR:-.} build=${VOUCH_BUILDDIR:-.}
. "$src/tests/sync/report.bash"

# options in mdoc ".It Fl -name" or ".Fl -name" between two headings
page_options() { # PAGE SECTION-PATTERN
    awk -v want="$2" '
        /^\.S[hs] / { inside = ($0 ~ want) }
        inside && /^\.(It )?Fl / { for (i = 1; i <= NF; i++) if ($i == "Fl" && $(i + 1) ~ /^-[a-z]/) print "-" $(i + 1) }
    ' "$1" | sed 's/,$//' | sort -u
}

help_options() {
    "$@" --help 2>&1 | grep -oE -- '(^|[ ,])--[a-z][a-z-]+' | tr -d ' ,' | grep -vx -- --help | sort -u
}

same() { # NAME PAGE SECTION COMMAND...
    local name=$1 page=$2 section=$3
    shift 3
    report "$name: options and page agree" \
        "$(diff <(help_options "$@") <(page_options "$page" "$section" | grep -vx -- --help) |
            sed -n 's/^</in --help only:/p; s/^>/in the page only:/p')"
}

same "vouch check" "$src/man/vouch.1" "vouch check" "$build/vouch" check
same "vouch learn" "$src/man/vouch.1" "vouch learn" "$build/vouch" learn
same "vouch lookup" "$src/man/vouch.1" "vouch lookup" "$build/vouch" lookup
same "vouch model import" "$src/man/vouch.1" "vouch model import" "$build/vouch" model import
same "vouch model export" "$src/man/vouch.1" "vouch model export" "$build/vouch" model export
same "vouch model list" "$src/man/vouch.1" "vouch model list" "$build/vouch" model list
same "vouch model verify" "$src/man/vouch.1" "vouch model verify" "$build/vouch" model verify
same "vouch model build" "$src/man/vouch.1" "vouch model build" "$build/vouch" model build
same "vouch model activate" "$src/man/vouch.1" "vouch model activate" "$build/vouch" model activate
same "vouch model rollback" "$src/man/vouch.1" "vouch model rollback" "$build/vouch" model rollback
same "vouch model weights" "$src/man/vouch.1" "vouch model weights" "$build/vouch" model weights
same "vouch model drop" "$src/man/vouch.1" "vouch model drop" "$build/vouch" model drop
same "vouch forget" "$src/man/vouch.1" "vouch forget" "$build/vouch" forget
same "vouch model learn" "$src/man/vouch.1" "vouch model learn" "$build/vouch" model learn
same "vouch stats" "$src/man/vouch.1" "vouch stats" "$build/vouch" stats
same "vouch replay" "$src/man/vouch.1" "vouch replay" "$build/vouch" replay
same "vouch quarantine list" "$src/man/vouch.1" "vouch quarantine list" "$build/vouch" quarantine list
same "vouch journal cat" "$src/man/vouch.1" "vouch journal cat" "$build/vouch" journal tail
same "vouch journal verify" "$src/man/vouch.1" "vouch journal verify" "$build/vouch" journal verify
same "vouch policy test" "$src/man/vouch.1" "vouch policy test" "$build/vouch" policy test
same "vouch policy diff" "$src/man/vouch.1" "vouch policy diff" "$build/vouch" policy diff
same "vouch config" "$src/man/vouch.1" "vouch config" "$build/vouch" config
same "vouch-milter" "$src/man/vouch-milter.8" "OPTIONS|DESCRIPTION" "$build/vouch-milter"

for page in vouch.1 vouch.conf.5 vouch-milter.8 vouch-journal.7; do
    if command -v mandoc >/dev/null; then
        report "$page is well-formed" "$(mandoc -T lint -W warning "$src/man/$page" 2>&1)"
    else
        n=$((n + 1))
        echo "ok $n - $page is well-formed # SKIP mandoc is not installed"
    fi
done

unlisted=
for command in $("$build/vouch" --help | awk '/^  [a-z]/ {print $1}'); do
    grep -q "^\.Ss vouch $command" "$src/man/vouch.1" || unlisted="$unlisted $command"
done
report "every command has its section in vouch(1)" "$unlisted"

# README.md installs the same packages as the quickstart (libc6-dev comes with gcc there), and all that configure names
readme=$(sed -n '/^    apt-get install/,/[^\\]$/p' "$src/README.md" | tr ' \\' '\n\n' | grep -vx -e 'apt-get' -e install -e '' | sort)
. "$src/contrib/quickstart/lib.sh"
quickstart=$(printf '%s\n' $packages_build | grep -vx libc6-dev | sort)
configure=$(grep -oE '\[lib[a-z0-9]+-dev\]' "$src/m4/vouch.m4" | tr -d '[]' | sort -u)
report "README.md, the quickstart and configure name the same packages" "$(
    diff <(echo "$readme") <(echo "$quickstart")
    comm -13 <(echo "$readme") <(echo "$configure")
)"
echo "1..$n"
