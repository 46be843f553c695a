#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# needs: root dovecot sievec /usr/bin/python3
# contrib/dovecot in a private Dovecot: what a user moves into Junk and out of it becomes a label in the journal.

setup() {
    DOVE=$(mktemp -d /tmp/vouch-dovecot.XXXXXX)
    chmod 755 "$DOVE"
    mkdir -p "$DOVE/vouch/bin" "$DOVE/mail" "$DOVE/run" "$DOVE/state" "$DOVE/journal"
    printf 'journal = { directory = "%s/journal"; };\nstore = "none";\n' "$DOVE" >"$DOVE/vouch.conf"
    printf '$ORIGIN .\n$TTL 60\nexample.org. TXT "v=spf1 -all"\n' >"$DOVE/zone"
    cp "$VOUCH_SRCDIR"/contrib/dovecot/*.sieve "$DOVE/vouch"
    install -m 755 "$VOUCH_BUILDDIR/vouch" "$DOVE/vouch/bin/vouch" # where the mail user can reach it
    # what stands in for sudo: the mailboxes and the journal have one owner here
    sed -e "s|sudo -n -u vouch /usr/bin/vouch learn \"\$verdict\"|'$DOVE/vouch/bin/vouch' learn \"\$verdict\" --config '$DOVE/vouch.conf' --zone '$DOVE/zone'|" \
        -e "s|logger -p mail.err -t vouch-report|echo >>'$DOVE/errors'|" \
        "$VOUCH_SRCDIR/contrib/dovecot/vouch-report" >"$DOVE/vouch/bin/vouch-report"
    chmod 755 "$DOVE/vouch/bin/vouch-report"
    sed "s|/etc/dovecot/vouch|$DOVE/vouch|g" "$VOUCH_SRCDIR/contrib/dovecot/90-vouch.conf" >"$DOVE/90-vouch.conf"
    PORT=$(/usr/bin/python3 "$VOUCH_SRCDIR/tests/lib/free_port.py")
    cat >"$DOVE/dovecot.conf" <<EOF
base_dir = $DOVE/run
state_dir = $DOVE/state
log_path = $DOVE/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
default_vsz_limit = 0
mail_location = maildir:$DOVE/mail/%u
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$DOVE/mail/%u
}
service imap-login {
  inet_listener imap {
    port = $PORT
  }
  inet_listener imaps {
    port = 0
  }
}
!include $DOVE/90-vouch.conf
EOF
    sievec -c "$DOVE/dovecot.conf" "$DOVE/vouch/report-bad.sieve"
    sievec -c "$DOVE/dovecot.conf" "$DOVE/vouch/report-good.sieve"
    touch "$DOVE/errors"
    chown -R nobody "$DOVE/mail" "$DOVE/journal" "$DOVE/errors"
    dovecot -c "$DOVE/dovecot.conf" 3>&- </dev/null
}

teardown() {
    [ ! -f "$DOVE/run/master.pid" ] || kill "$(cat "$DOVE/run/master.pid")"
    for ((i = 0; i < 200; i++)); do
        [ -f "$DOVE/run/master.pid" ] || break
        sleep 0.05
    done
    rm -rf "$DOVE"
}

imap() {
    /usr/bin/python3 - "$PORT" "$@"
}

labels() {
    "$VOUCH_BUILDDIR/vouch" journal cat --journal "$DOVE/journal" --kind label |
        /usr/bin/python3 -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    print(r["labels"][0]["verdict"], r["labels"][0]["source"], r["labels"][0]["note"], r["message_id"])'
}

# labels_are LINE...: waits until the journal has just these
labels_are() {
    local wanted
    wanted=$(printf '%s\n' "$@")
    for ((i = 0; i < 200; i++)); do
        [ "$(labels)" = "$wanted" ] && return 0
        sleep 0.05
    done
    labels >&2
    cat "$DOVE/errors" "$DOVE/log" >&2
    return 1
}

@test "a message moved into Junk is bad, moved back it is good, and thrown away it is nothing" {
    imap <<'EOF'
import imaplib, sys
m = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
m.login('alice', 'secret')
for box in ('Junk', 'Trash'):
    m.create(box)
for n in (1, 2):
    m.append('INBOX', None, None, b'Return-Path: <a@example.org>\r\nReceived: from mx.example.org (mx.example.org [192.0.2.7])\r\n'
             b' by mx.example.com; Sat, 1 Nov 2025 12:00:00 +0000\r\nFrom: a@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\nbody\r\n' % n)
m.select('INBOX')
assert m.uid('MOVE', '1', 'Junk')[0] == 'OK'
m.select('Junk')
assert m.uid('MOVE', '1', 'INBOX')[0] == 'OK'
m.select('INBOX')
assert m.uid('MOVE', '2', 'Junk')[0] == 'OK'
m.select('Junk')
assert m.uid('MOVE', '2', 'Trash')[0] == 'OK'
m.logout()
EOF
    labels_are 'bad person alice 1@example.org' 'good person alice 1@example.org' 'bad person alice 2@example.org'
}
