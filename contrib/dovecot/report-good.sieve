# SPDX-License-Identifier: BSD-2-Clause
# A message left Junk: the user says that it is good, unless it was thrown away.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.mailbox" "*" {
  set "mailbox" "${1}";
}
if string :is "${mailbox}" ["Trash", "Deleted Items", "Deleted Messages"] {
  stop;
}
if environment :matches "imap.user" "*" {
  set "user" "${1}";
}
pipe :copy :try "vouch-report" ["good", "${user}"];
