#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch forget: who is forgotten, in which versions, and that it stays so.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/model.bash"
    model_begin
}

teardown() {
    model_end
}

forget() {
    run "$vouch" forget --config "$d/vouch.conf" --store "$store" "$@"
    echo "vouch forget $*: $status: $output"
}

# letters of user0@d0.example [11.0.0.0], user1@d0.example [11.0.0.1], ... user9@d3.example [11.0.0.9]
letters() {
    "$maker" many "$d/j" mx1 200 10
    "$maker" learn "$d/j" "$store" 50
}

@test "--dry-run shows what would go, and changes nothing" {
    letters
    before=$(digest)
    forget --dry-run user1@d0.example
    [ "$status" -eq 0 ]
    [[ $output == *"would go for user1@d0.example: dom:d0.example a:user1@d0.example (tally)"* ]]
    [[ $output == *"dom:d0.example r:user1@d0.example:bob@example.net (tally)"* ]]
    [[ $output == *"dom:d0.example w:a:user1@d0.example (window)"* ]]
    [[ $output != *user10* && $output != *user0* ]]
    [[ ${lines[-1]} == "user1@d0.example: "*" keys would go" ]]
    [ "$(digest)" = "$before" ]
    [ "$(ls "$d/j")" = mx1 ]
}

@test "an address, a domain and a host go; their neighbours stay; a build keeps it so" {
    letters
    model export | sort >"$d/before"
    forget User1@D0.example d1.example 11.0.0.8
    [ "$status" -eq 0 ]
    [[ $output == *"User1@D0.example: "[1-9]*" keys removed from the model"* ]]
    [[ $output == *"d1.example: "[1-9]*" keys removed"* ]]
    [[ $output == *"11.0.0.8: "[1-9]*" key"*" removed"* ]]
    [[ $output == *"$d/j: what was written before stays there for 400 days"* ]]
    model export | sort >"$d/after"
    grep -qF '"a:user1@d0.example"' "$d/before"
    ! grep -E 'user1@d0\.example|d1\.example|"h:11\.0\.0\.8"' "$d/after"
    # nothing else went
    grep -vE 'user1@d0\.example|d1\.example|"h:11\.0\.0\.8"' "$d/before" | cmp - "$d/after"
    grep -qF '"a:user0@d0.example"' "$d/after"
    live=$(digest)
    run model build
    echo "$output"
    [[ $output == *" 3 erasures, digest $live"* ]]
    # what comes later is learnt again, also where it stands in a journal that is read first
    [[ $(ls "$d/j" | tr '\n' ' ') == "mx1 mx1-tool " ]]
    forget d1.example
    [[ $output == *"d1.example: 0 keys removed"* ]]
    [ "$(digest)" = "$live" ]
}

@test "the previous version does not bring it back" {
    letters
    model build
    forget d1.example
    [[ $output == *"version 1, which is not active: "[1-9]*" keys removed"* ]]
    model rollback
    [[ $(model export) != *d1.example* ]]
    [ "$("$maker" learn "$d/j" "$store" 50)" = 1 ] # the erasure
    [[ $(model export) != *d1.example* ]]
    live=$(digest)
    [[ $(model build) == *"digest $live"* ]]
}

@test "a store that is away forgets when it is back" {
    command -v redis-server >/dev/null || skip "no redis-server on this host"
    letters
    here=$store
    store=redis+unix:$d/r.sock
    forget d1.example
    [ "$status" -eq 69 ]
    [[ $output == *"it is forgotten when"* ]]
    store=$here
    [[ $(model export) == *d1.example* ]]
    [ "$("$maker" learn "$d/j" "$store" 50)" = 1 ]
    [[ $(model export) != *d1.example* ]]
}

@test "Redis forgets as well, and a build in it" {
    start_redis
    letters
    embedded=$(digest)
    store=redis+unix:$d/r.sock
    "$maker" learn "$d/j" "$store" 50
    [ "$(digest)" = "$embedded" ]
    model export | sort >"$d/before"
    forget d1.example 11.0.0.0/29
    [ "$status" -eq 0 ]
    model export | sort >"$d/after"
    grep -vE 'd1\.example|"h:11\.0\.0\.[0-7]"' "$d/before" | cmp - "$d/after"
    live=$(digest)
    [[ $(model build) == *" 2 erasures, digest $live"* ]]
}

@test "without a journal the model alone forgets" {
    letters
    mv "$d/j" "$d/away"
    echo 'journal: { directory = ""; };' >"$d/vouch.conf"
    forget d1.example
    [ "$status" -eq 0 ]
    [[ $output == *"version 1: "[1-9]*" keys removed"* ]]
    [[ $(model export) != *d1.example* ]]
    [ ! -e "$d/j" ]
}

@test "under pseudonyms no name is written down" {
    printf '%064d\n%064d\n' 1 2 >"$d/key"
    configure "pseudonym_key = \"$d/key\";"
    forget alice@example.org
    [ "$status" -eq 0 ]
    [ -z "$(grep -rla alice "$d/j")" ]
    [ -n "$(grep -rla '@example.org' "$d/j")" ]
    # an address that the model knows as it is, from before
    letters
    forget user1@d0.example
    [[ $output == *"user1@d0.example: "[1-9]*" keys removed"* ]]
    [[ $(model export) != *user1@d0.example* ]]
}

@test "a directory that cannot be written is named, and whose it is" {
    letters
    if [ "$(id -u)" -eq 0 ]; then
        command -v setpriv >/dev/null || skip "no setpriv on this host"
        chmod 755 "$d" "$d/j"
        run setpriv --reuid 65534 --regid 65534 --clear-groups \
            "$vouch" forget --config "$d/vouch.conf" --store "$store" d1.example
        echo "$output"
        [ "$status" -eq 77 ]
        [[ $output == *"$d/j"*"Permission denied"* ]]
        [[ $output == *"$d/j belongs to user 'root', and this is user '"*"': run the command as root"* ]]
    else
        chmod 500 "$d/j"
        forget d1.example
        [ "$status" -eq 73 ]
        [[ $output == *"$d/j"*"Permission denied"* ]]
    fi
    [[ $(model export) == *d1.example* ]]
}

@test "root writes as the user whose the journals are" {
    [ "$(id -u)" -eq 0 ] || skip "not root"
    letters
    chown -R 65534:65534 "$d"
    forget d1.example
    [ "$status" -eq 0 ]
    [ -z "$(find "$d" ! -uid 65534)" ]
    [[ $(model export) != *d1.example* ]]
}

@test "each mistake has its exit status" {
    check() {
        want=$1
        part=$2
        shift 2
        forget "$@"
        [ "$status" -eq "$want" ]
        [[ $output == *"$part"* ]]
    }
    check 64 "whom?"
    check 64 "no such option" --yes a@example.org
    check 65 "'192.0.2.1/24': not a network" example.org 192.0.2.1/24
    check 65 "'nobody at all': not a mail address" "nobody at all"
    check 65 "'192.0.2.300': not a mail address" 192.0.2.300
    check 65 "'com': a public suffix" com
    for wide in 0.0.0.0/0 192.0.0.0/7 ::/0 2000::/3; do
        check 65 "'$wide': too large a network" $wide
    done
    [ -z "$(ls "$d/j")" ]
    [ ! -e "$d/m" ]
    store=nonsense
    check 64 "not a store" example.org
    store=none
    check 74 "keeps nothing" example.org
}
