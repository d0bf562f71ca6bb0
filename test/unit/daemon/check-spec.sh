#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does the netlink spec name the same attributes and commands as the header,
# in the same order?  And does the module accept in each request, and put into an
# event, the attributes that the spec says?  Arguments: SPEC HEADER KMOD-FOLDER
set -eu

spec=$1
header=$2
kmod=$3
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

# "COMMAND ATTRIBUTE" lines of requests and of the event.  A list may go on in
# the next line.
awk '
function cname(s) { gsub(/-/, "_", s); return toupper(s) }
/^[a-z]/		{ section = $1 }
section != "operations:" { next }
/^      name: /		{ cmd = $2; where = "" }
/^        (request|reply):/ { where = $1 }
/^      event:/		{ where = "event:" }
/attributes: \[/	{ list = "" ; reading = 1 }
reading			{ list = list $0 }
reading && /\]/ {
	reading = 0
	sub(/.*\[ */, "", list); sub(/ *\].*/, "", list)
	n = split(list, name, / *, */)
	for (i = 1; where != "reply:" && i <= n; i++)
		print cname("elisa-cmd-" cmd), cname("elisa-a-" name[i])
}
' "$spec" | LC_ALL=C sort >"$tmp/spec"

{
	awk '
	/^static const struct nla_policy/ {
		name = $5; sub(/\[.*/, "", name)
	}
	/^\t\[ELISA_A_/ {
		attr = $1; gsub(/[][]/, "", attr)
		attrs[name] = attrs[name] " " attr
	}
	/^\t\t\.cmd = /	{ cmd = $3; sub(/,/, "", cmd) }
	/^\t\t\.policy = / {
		policy = $3; sub(/,/, "", policy)
		n = split(attrs[policy], name_of, / /)
		for (i = 1; i <= n; i++)
			if (name_of[i] != "") print cmd, name_of[i]
	}' "$kmod/netlink.c"
	sed -n 's/.*nla_put_[a-z0-9]*(skb, \(ELISA_A_[A-Z_]*\).*/ELISA_CMD_EVENT \1/p' \
		"$kmod/event.c"
} | LC_ALL=C sort >"$tmp/module"

if [ "$(wc -l <"$tmp/module")" -lt 25 ]; then
	echo "check-spec: found only $(wc -l <"$tmp/module") attributes in $kmod" >&2
	exit 1
fi
if ! diff -u "$tmp/module" "$tmp/spec"; then
	echo "check-spec: $spec (+) differs from $kmod (-)" >&2
	exit 1
fi
echo "check-spec: $(wc -l <"$tmp/module") attributes of requests and events agree"
