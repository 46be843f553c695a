# SPDX-License-Identifier: BSD-2-Clause
# Postfix for mta.bash; LINEs are main.cf's. A client's address, name and login are what inject.py says by XCLIENT.

POSTFIX_DAEMONS=/usr/lib/postfix/sbin
MTA_GROUP=postfix
INJECT_OPTIONS=

mta_postfix() {
    mta_ports || return 1
    local sink=$REPLY
    mkdir -p "$MTA/etc" "$MTA/queue" "$MTA/data"
    chown postfix "$MTA/data"
    postfix_main "$sink" "$@" >"$MTA/etc/main.cf"
    postfix_master >"$MTA/etc/master.cf"
    postfix -c "$MTA/etc" start >"$MTA/postfix.out" 2>&1 3>&- || { cat "$MTA/postfix.out" >&2; return 1; }
    mta_until mta_greets
}

mta_halt() {
    local pid
    [ -f "$MTA/queue/pid/master.pid" ] || return 0
    pid=$(tr -d ' ' <"$MTA/queue/pid/master.pid")
    rm "$MTA/queue/pid/master.pid" # Postfix leaves it behind, and its number may be another's by and by
    kill "$pid" 2>/dev/null && mta_until process_gone "$pid"
}

# postfix_known, postfix_refused: $MTA_KNOWN and $MTA_REFUSED as tables
postfix_known() {
    local name table=
    for name in ${MTA_KNOWN-}; do
        table+=" { $name@example.org = here },"
    done
    echo "relay_recipient_maps = ${table:+inline:{${table%,}\}}"
}

postfix_refused() {
    local address reply table=
    while read -r address reply; do
        table+=" { $address = $reply },"
    done <<<"${MTA_REFUSED-}"
    echo "smtpd_recipient_restrictions = ${MTA_REFUSED:+check_recipient_access inline:{${table%,}\}}"
}

postfix_main() {
    local sink=$1
    shift
    cat <<EOF
compatibility_level = 3.6
queue_directory = $MTA/queue
data_directory = $MTA/data
command_directory = /usr/sbin
daemon_directory = $POSTFIX_DAEMONS
mail_owner = postfix
setgid_group = postdrop
maillog_file = $MTA/maillog
maillog_file_prefixes = /tmp
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = all
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relay_domains = example.org example.com
default_transport = smtp:[127.0.0.1]:$sink
relay_transport = smtp:[127.0.0.1]:$sink
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
$(postfix_known)
$(postfix_refused)
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
smtputf8_enable = no
smtpd_milters = unix:$MILTER_SOCKET
milter_default_action = ${MTA_AWAY:-tempfail}
milter_protocol = 6
message_size_limit = 50000000
EOF
    printf '%s\n' "$@"
}

postfix_master() {
    cat <<EOF
127.0.0.1:$SMTP_PORT inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
EOF
}

queue_empty() {
    [ -z "$(postqueue -c "$MTA/etc" -j 2>/dev/null | grep -v '"queue_name": "hold"')" ]
}

mta_held() {
    postqueue -c "$MTA/etc" -j | grep '"queue_name": "hold"' | grep -q "\"${1:-$(queue_id)}\""
}

mta_held_fields() {
    postcat -c "$MTA/etc" -bhq "$1"
}

# without the flush it waits for the queue manager's next round
release() {
    postsuper -c "$MTA/etc" -H "$1" && postqueue -c "$MTA/etc" -f
}
