# SPDX-License-Identifier: BSD-2-Clause
# A message came into Junk: the user says that it is bad.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.user" "*" {
  set "user" "${1}";
}
pipe :copy :try "vouch-report" ["bad", "${user}"];
