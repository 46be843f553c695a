# SPDX-License-Identifier: BSD-2-Clause
# For bats files that look at mail in the quarantine of a vouch-milter that mta.bash has started.

# quarantine COMMAND...: of vouch
quarantine() {
    local command=$1
    shift
    run "$VOUCH" quarantine "$command" --config "$MTA/vouch.conf" "$@"
}

# keep FILE [RCPT]...: sends it in; $ID is the message that is kept
keep() {
    local file=$1 rcpts=() rcpt
    shift
    for rcpt in "${@:-bob@example.org}"; do rcpts+=(--rcpt "$rcpt"); done
    inject --ip 192.0.2.10 --name mail.good.example --helo mail.good.example --sender alice@good.example \
        "${rcpts[@]}" "$file"
    [ "$status" -eq 0 ] || { echo "$output" >&2; return 1; }
    ID=$(ids | tail -1)
    [ -n "$ID" ]
}

ids() {
    "$VOUCH" quarantine list --config "$MTA/vouch.conf" --json |
        $PYTHON -c 'import json, sys; [print(json.loads(l)["id"]) for l in sys.stdin]'
}

state() {
    "$VOUCH" quarantine list --config "$MTA/vouch.conf" --json |
        $PYTHON -c 'import json, sys; [print(m["state"]) for m in map(json.loads, sys.stdin) if m["id"] == sys.argv[1]]' "$ID"
}

letter() {
    printf '%s\n' "From: Alice <alice@good.example>" "To: bob@example.org" "Subject: ${1:-hello}" \
        "Date: Sat, 21 Nov 2026 12:00:00 +0000" "Message-ID: <$RANDOM.$RANDOM@good.example>" "" "Hello." ".hidden dot" "" "end" >"$MTA/in"
}

delivered() {
    ls "$MTA/sink" | grep -c '\.env$'
}

# delivered_is N: the queue is empty, and so many messages are in the sink
delivered_is() {
    mta_until queue_empty
    [ "$(delivered)" -eq "$1" ] || { echo "delivered: $(delivered)" >&2; return 1; }
}

labels() {
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --kind label --id "$ID" |
        $PYTHON -c 'import json, sys; [print(l["verdict"], l["source"], l["note"]) for r in map(json.loads, sys.stdin) for l in r["labels"]]'
}

# passed: the decisions that let a released message pass, as "REASON | ACTION CLASS SPF"
passed() {
    "$VOUCH" journal cat --config "$MTA/vouch.conf" --kind decision |
        $PYTHON -c 'import json, sys; [print(r["reason"], "|", r["action"], r["class"], r["auth"]["spf"]["result"])
                    for r in map(json.loads, sys.stdin) if r["flags"] == ["released"]]'
}

# ends_as_sent FILE: the message in the sink is FILE, below fields of trace, Sendmail's warning and ours
ends_as_sent() {
    $PYTHON - "$1" "$MSG" <<'EOF'
import sys
sent, got = (open(name, "rb").read() for name in sys.argv[1:])
sent = sent.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
assert got.endswith(sent), got[:2000]
above = got[:-len(sent)].decode()
names = ("Received:", "X-Vouch:", "Authentication-Results:", "X-Authentication-Warning:", " ", "\t")
assert all(line.startswith(names) for line in above.splitlines()), above
EOF
}
