#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What every MTA must do, before Sendmail, and what only Sendmail does.
lib=$VOUCH_SRCDIR/tests/lib here=$VOUCH_SRCDIR/tests/mta

skip() {
    echo "1..0 # SKIP $*"
    exit 0
}

[ "$(id -u)" = 0 ] || skip "only root can run this"
VOUCH_SENDMAIL=${VOUCH_SENDMAIL-$VOUCH_BUILDDIR/sendmail}
[ -d "$VOUCH_SENDMAIL" ] || VOUCH_SENDMAIL= # installed, as on a machine without Postfix
for file in /usr/libexec/sendmail/sendmail /usr/share/sendmail/cf/m4/cf.m4; do
    [ -e "$VOUCH_SENDMAIL$file" ] || skip "no Sendmail: contrib/quickstart/sendmail $VOUCH_BUILDDIR/sendmail gets one"
done
command -v m4 >/dev/null || skip "m4 is not installed"
"$lib/netns" true 2>/dev/null || skip "no network of its own can be made here (unshare --net, ip)"
"$lib/netns" "$VOUCH_SENDMAIL/usr/libexec/sendmail/sendmail" -d0.1 -bt -C /dev/null </dev/null 2>&1 | grep -q MILTER ||
    skip "$VOUCH_SENDMAIL/usr/libexec/sendmail/sendmail does not run (a library is missing?), or knows no filters"

export VOUCH_SENDMAIL VOUCH_MTA=sendmail
exec "$lib/netns" "$lib/run-bats" "$here/actions.bats" "$here/classes.bats" "$here/journal.bats" "$here/sendmail.bats" \
    "$here/sendmail_release.bats"
