# SPDX-License-Identifier: BSD-2-Clause
# Sendmail for mta.bash, the one below $VOUCH_SENDMAIL; LINEs are sendmail.mc's. It has no XCLIENT: in tests/lib/netns a
# client comes from its own address, has the name that the test's DNS gives it, and logs in by AUTH.

SENDMAIL_CF=$VOUCH_SENDMAIL/usr/share/sendmail/cf
MTA_GROUP=
MTA_PARENT=/run # Sendmail takes no socket below a directory that others may write to
MTA_DNS_PORT=53 # the resolver's
INJECT_OPTIONS=--direct

SENDMAIL=$VOUCH_SENDMAIL/usr/libexec/sendmail/sendmail

# sendmail_run OPTION...: Sendmail with the test's configuration
sendmail_run() {
    "$SENDMAIL" -C "$MTA/etc/sendmail.cf" "$@"
}

mta_sendmail() {
    mta_ports || return 1
    local sink=$REPLY
    mkdir -p "$MTA/etc" "$MTA/queue"
    chmod 700 "$MTA/queue"
    sendmail_mc "$sink" "$@" >"$MTA/etc/sendmail.mc"
    m4 -D_CF_DIR_="$SENDMAIL_CF/" "$MTA/etc/sendmail.mc" >"$MTA/etc/sendmail.cf" || return 1
    printf 'hosts dns files\naliases files\n' >"$MTA/etc/service.switch"
    printf 'pwcheck_method: alwaystrue\nmech_list: PLAIN\n' >"$MTA/etc/Sendmail.conf"
    sendmail_virtusers | "${SENDMAIL%/*}/makemap" -C "$MTA/etc/sendmail.cf" hash "$MTA/etc/virtusers" || return 1
    sendmail_access | "${SENDMAIL%/*}/makemap" -C "$MTA/etc/sendmail.cf" hash "$MTA/etc/access" || return 1
    "$SENDMAIL" -C "$MTA/etc/sendmail.cf" -bD ${VOUCH_KEEP:+-X "$MTA/transcript"} >>"$MTA/maillog" 2>&1 3>&- </dev/null &
    echo $! >"$MTA/sendmail.pid"
    mta_until mta_greets
}

mta_halt() {
    mta_stop sendmail
}

# the filter of contrib's example, at the test's socket
sendmail_filter() {
    local flag=F=T,
    [ "$MTA_AWAY" != accept ] || flag=
    sed -n "s|^INPUT_MAIL_FILTER(.*S=local:[^,]*,|INPUT_MAIL_FILTER(\`vouch', \`S=local:$MILTER_SOCKET, $flag|p" \
        "$VOUCH_SRCDIR/contrib/sendmail/vouch.mc"
}

# $MTA_KNOWN and $MTA_REFUSED as tables of addresses and what becomes of them. The known have their mailboxes at
# example.com, all others are accounts of this host, which are not there: only of such Sendmail tells a filter.
sendmail_virtusers() {
    local name
    for name in $MTA_KNOWN; do
        printf '%s@example.org %s@example.com\n' "$name" "$name"
    done
    [ -z "$MTA_KNOWN" ] || printf '@example.org no-%%1@mx.example.org\n'
}

sendmail_access() {
    local address code status text
    while read -r address code status text; do
        [ -z "$address" ] || printf 'To:%s ERROR:%s:%s %s\n' "$address" "$status" "$code" "$text"
    done <<<"$MTA_REFUSED"
}

sendmail_mc() {
    local sink=$1
    shift
    cat <<EOF
divert(0)dnl
include(\`$SENDMAIL_CF/m4/cf.m4')dnl
VERSIONID(\`vouch tests')dnl
OSTYPE(\`linux')dnl
define(\`ALIAS_FILE',\`hash:-o $MTA/etc/aliases')dnl
define(\`HELP_FILE',\`')dnl
define(\`STATUS_FILE',\`')dnl
define(\`QUEUE_DIR',\`$MTA/queue')dnl
define(\`confPID_FILE',\`$MTA/etc/pid')dnl
define(\`confDOMAIN_NAME',\`mx.example.org')dnl
define(\`confDONT_PROBE_INTERFACES',\`true')dnl
define(\`confSERVICE_SWITCH_FILE',\`$MTA/etc/service.switch')dnl
define(\`confTO_IDENT',\`0')dnl
define(\`confREFUSE_LA',\`1000')dnl
define(\`confQUEUE_LA',\`1000')dnl
define(\`confDELAY_LA',\`0')dnl
define(\`confCONTROL_SOCKET_NAME',\`')dnl
define(\`confAUTH_MECHANISMS',\`PLAIN')dnl
TRUST_AUTH_MECH(\`PLAIN')dnl
RELAY_DOMAIN(\`example.org example.com')dnl
define(\`SMART_HOST',\`esmtp:[127.0.0.1]')dnl
define(\`ESMTP_MAILER_ARGS',\`TCP \$h $sink')dnl
define(\`RELAY_MAILER_ARGS',\`TCP \$h $sink')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`virtusertable',\`hash $MTA/etc/virtusers')dnl
VIRTUSER_DOMAIN(\`example.org')dnl
FEATURE(\`access_db',\`hash -T<TMPF> $MTA/etc/access')dnl
FEATURE(\`blocklist_recipients')dnl
DAEMON_OPTIONS(\`Name=MTA, Addr=127.0.0.1, Port=$SMTP_PORT')dnl
DAEMON_OPTIONS(\`Name=MTA6, Family=inet6, Addr=::1, Port=$SMTP_PORT, M=O')dnl
EOF
    sendmail_filter
    printf '%s\n' "$@"
    cat <<EOF
LOCAL_CONFIG
ESASL_CONF_PATH=$MTA/etc
MAILER(\`local')dnl
MAILER(\`smtp')dnl
EOF
}

# sendmail_submit: $MTA/sendmail, the sendmail(1) that submits to it by SMTP, as the one that is installed with it does
sendmail_submit() {
    mkdir -p "$MTA/queue.client"
    chmod 770 "$MTA/queue.client"
    chown nobody:nogroup "$MTA/queue.client"
    cat >"$MTA/etc/submit.mc" <<EOF
divert(0)dnl
include(\`$SENDMAIL_CF/m4/cf.m4')dnl
define(\`confCF_VERSION', \`Submit')dnl
define(\`__OSTYPE__',\`')dnl
define(\`MSP_QUEUE_DIR', \`$MTA/queue.client')dnl
define(\`confDOMAIN_NAME',\`mx.example.org')dnl
define(\`confDONT_PROBE_INTERFACES',\`true')dnl
define(\`confSERVICE_SWITCH_FILE',\`$MTA/etc/service.switch')dnl
define(\`confRUN_AS_USER', \`nobody')dnl
define(\`confREFUSE_LA',\`1000')dnl
define(\`confQUEUE_LA',\`1000')dnl
define(\`RELAY_MAILER_ARGS',\`TCP \$h $SMTP_PORT')dnl
FEATURE(\`msp', \`[127.0.0.1]')dnl
EOF
    m4 -D_CF_DIR_="$SENDMAIL_CF/" "$MTA/etc/submit.mc" >"$MTA/etc/submit.cf" || return 1
    printf '#!/bin/sh\nexec "%s" -Am -C "%s" "$@"\n' "$SENDMAIL" "$MTA/etc/submit.cf" >"$MTA/sendmail"
    chmod 755 "$MTA/sendmail"
}

queue_empty() {
    [ -z "$(ls "$MTA/queue" "$MTA/queue.client" 2>/dev/null | grep '^qf')" ]
}

mta_held() {
    sendmail_run -bp -qQ | grep -A1 "^${1:-$(queue_id)}" | grep -q QUARANTINE
}

mta_held_fields() {
    sed -n 's/^H??//p' "$MTA/queue/hf$1"
}

release() {
    sendmail_run -Q -qQ -qI"$1" && sendmail_run -qI"$1"
}
