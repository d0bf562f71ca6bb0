#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does the netlink spec name the same attributes and commands as the header,
# in the same order?  Arguments: SPEC HEADER
set -eu

spec=$1
header=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# "ENUM NAME" lines.  The prefix of a set or of the operations makes the C
# name.  Only the layout of our own file is understood: names of attributes
# are indented by 8, those of operations by 6.
awk '
function cname(s) { gsub(/-/, "_", s); return toupper(s) }
/^[a-z]/		{ section = $1; want = 0 }
section == "attribute-sets:" && /^    name-prefix: / { prefix = $2 }
section == "attribute-sets:" && /^    enum-name: / { enum = $2 }
section == "attribute-sets:" && /^        name: / { print cname(enum), cname(prefix $2) }
section == "operations:" && /^  name-prefix: /	{ prefix = $2 }
section == "operations:" && /^  enum-name: /	{ enum = $2 }
section == "operations:" && /^      name: /	{ print cname(enum), cname(prefix $2) }
section == "definitions:" && /^    type: /	{ type = $2 }
section == "definitions:" && /^    name: /	{ enum = "elisa-" $2 }
section == "definitions:" && /^    name-prefix: / { prefix = $2 }
# Flags are #defines of another header.
section == "definitions:" && type == "enum" && /^    entries: \[/ {
	sub(/^ *entries: \[ */, ""); sub(/ *\].*/, "")
	n = split($0, list, / *, */)
	for (i = 1; i <= n; i++) print cname(enum), cname(prefix list[i])
}
section == "definitions:" && type == "enum" && /^      - [a-z]/ {
	print cname(enum), cname(prefix $2)
}
section == "definitions:" && type == "enum" && /^        name: / {
	print cname(enum), cname(prefix $2)
}
' "$spec" | LC_ALL=C sort -s -k1,1 >"$tmp/spec"

awk '
/^enum /		{ enum = toupper($2) }
/^}/			{ enum = "" }
enum != "" && /^\t[A-Z]/ {
	sub(/[ ,=].*/, "", $1)
	if ($1 !~ /_UNSPEC$/) print enum, $1
}' "$header" | LC_ALL=C sort -s -k1,1 >"$tmp/header"

# Two empty lists would be equal, too.
if [ "$(wc -l <"$tmp/header")" -lt 60 ]; then
	echo "check-spec: found only $(wc -l <"$tmp/header") names in $header" >&2
	exit 1
fi
if ! diff -u "$tmp/header" "$tmp/spec"; then
	echo "check-spec: $spec (+) differs from $header (-)" >&2
	exit 1
fi
echo "check-spec: $(wc -l <"$tmp/header") names of attributes, commands and values agree"
