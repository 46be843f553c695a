#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vouch model build --fit: weights from the labels of the journals, in force with the version that has them,
# and not if they are worse than those in force.

setup() {
    . "$VOUCH_SRCDIR/tests/lib/model.bash"
    model_begin
}

teardown() {
    model_end
}

# WEIGHT shipped|fitted|in_force|from [VERSION]
weight() {
    model weights --json ${3:+"$3"} | sed -E "s/.*\"$1\":\{[^}]*\"$2\":\"?([^,}\"]*).*/\1/"
}

# what a message begins with, as vouch check has it
bias_of_check() {
    printf 'From: a@example.org\n\nhi\n' |
        "$vouch" check --config "$d/vouch.conf" --store "$store" --zone /dev/null --json --ip 192.0.2.1 - |
        sed -E 's/.*"bias":([^,]*),.*/\1/'
}

@test "a fit judges better what was held out, and is in force with its version" {
    "$maker" labelled "$d/j" mx1 1000 1000
    "$maker" learn "$d/j" "$store" 500
    live=$(digest)
    run model build --fit
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "fit: 1000 messages with labels, "*" good and "*" bad" ]]
    [[ ${lines[1]} == "fit: on the last 200, held out: log loss 0."*" with the weights in force, 0."*" with the fitted ones; 1-ROCA "* ]]
    [[ ${lines[2]} == *"digest $live" ]] # weights are no part of it
    [ "$(active)" = 2 ]
    [[ $(model list) == *"weights fitted "*" to 1000 messages, log loss "* ]]
    [[ $(model verify) == *"weights   1"*"weights     fitted "*" to 1000 messages"* ]]
    [ "$(weight bias from)" = fitted ]
    bias=$(weight bias in_force)
    shipped=$(weight bias shipped)
    [ "$bias" != "$shipped" ]
    [ "$(bias_of_check)" = "$bias" ]
    # the version before had none
    model rollback
    [ "$(weight bias from)" = shipped ]
    awk "BEGIN { exit !($(bias_of_check) == $shipped) }"
    model rollback
    [ "$(bias_of_check)" = "$bias" ]
}

@test "a build without --fit keeps the weights" {
    "$maker" labelled "$d/j" mx1 400 400
    model build --fit
    fitted=$(model weights --json | sed 's/"version":"[^"]*"//')
    model build
    [ "$(active)" = 3 ]
    [ "$(model weights --json | sed 's/"version":"[^"]*"//')" = "$fitted" ]
    [ "$(digest 2)" = "$(digest 3)" ]
    # and the learner that goes on does not touch them
    "$maker" write "$d/j" mx1 2 100
    [ "$("$maker" learn "$d/j" "$store" 16)" = 100 ]
    [ "$(model weights --json | sed 's/"version":"[^"]*"//')" = "$fitted" ]
    "$vouch" forget --config "$d/vouch.conf" --store "$store" example.org
    [ "$(model weights --json | sed 's/"version":"[^"]*"//')" = "$fitted" ]
}

@test "labels turned upside down at the end: refused, with the numbers" {
    "$maker" labelled "$d/j" mx1 1000 820
    "$maker" learn "$d/j" "$store" 500
    run --separate-stderr model build --fit
    echo "$output" "$stderr"
    [ "$status" -eq 1 ]
    [[ $stderr =~ "worse than those in force (log loss "([0-9.]+)", by "([0-9.]+)" more than "([0-9.]+)"), so version 2 is removed and nothing has changed" ]]
    awk "BEGIN { d = ${BASH_REMATCH[1]} - ${BASH_REMATCH[3]} - ${BASH_REMATCH[2]}; exit !(d < 0.0002 && d > -0.0002 && ${BASH_REMATCH[2]} > 0) }"
    [ "$(active)" = 1 ]
    [[ $(model list) != *"2 "*" keys"* ]]
    [ "$(weight bias from)" = shipped ]
    # with a small holdout it is the same; --no-activate keeps it to look at
    run model build --fit --no-activate
    [ "$status" -eq 1 ]
    [[ $output == *"version 2 is not activated"* ]]
    [ "$(active)" = 1 ]
    [ "$(weight bias from 2)" = fitted ]
    model activate 2
    [ "$(weight bias from)" = fitted ]
}

@test "what vouch.conf sets holds" {
    printf 'most_for = 6; weights: { bias = 0.5; host = 1.1; };\n' >>"$d/vouch.conf"
    "$maker" labelled "$d/j" mx1 400 400
    model build --fit
    [ "$(weight bias in_force)" = 0.5 ]
    [ "$(weight bias from)" = vouch.conf ]
    [ "$(weight host in_force)" = 1.1000000000000001 ] || [ "$(weight host in_force)" = 1.1 ]
    [ "$(weight network from)" = fitted ]
    [ "$(bias_of_check)" = 0.5 ]
    [[ $(model weights) == *"host "*"+1.1000  vouch.conf"* ]]
}

@test "too few labels leave the weights as they are, and that is said" {
    "$maker" labelled "$d/j" mx1 150 150
    run model build --fit
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "fit: too few labels, so the weights stay as they are: of 150 messages "* ]]
    [ "$(active)" = 2 ]
    [ "$(weight bias from)" = shipped ]
    "$maker" labelled "$d/j" mx1 300 300
    model build --fit
    [ "$(weight bias from)" = fitted ]
}

@test "Redis keeps them too" {
    start_redis
    "$maker" labelled "$d/j" mx1 400 400
    model build --fit
    bias=$(weight bias in_force)
    store=redis+unix:$d/r.sock
    model build --fit
    [ "$(weight bias in_force)" = "$bias" ]
    [ "$(bias_of_check)" = "$bias" ]
    model build
    [ "$(bias_of_check)" = "$bias" ]
}

@test "two journals: in order of time, whatever their number" {
    "$maker" labelled "$d/j" mx1 600 600
    model build --fit
    one=$(weight network in_force)
    "$maker" write "$d/j" mx2 1 300 # other senders, other times
    model build --fit
    [ "$(weight network from)" = fitted ]
    [ "$(model weights --json | sed -E 's/.*"rows":([0-9]+).*/\1/')" -gt 600 ]
}

@test "a share that is none" {
    run model build --fit --holdout 0.7
    [ "$status" -eq 64 ]
    [[ $output == *"--holdout 0.7: not a share from 0.05 to 0.5"* ]]
}

@test "an export has the weights, and an import takes them" {
    "$maker" labelled "$d/j" mx1 400 400
    model build --fit
    fitted=$(model weights --json | sed 's/"version":"[^"]*"//')
    model export "$d/all"
    [ "$(grep -c '"group":"trust"' "$d/all")" = 1 ]
    store=lmdb:$d/other
    model import "$d/all"
    [ "$(model weights --json | sed 's/"version":"[^"]*"//')" = "$fitted" ]
    model export "$d/again"
    [ "$(grep '"trust"' "$d/all")" = "$(grep '"trust"' "$d/again")" ]
    store=memory:$d/all
    [ "$(weight bias from)" = fitted ]
}
