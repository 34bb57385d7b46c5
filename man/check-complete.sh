#!/bin/sh
# The man pages and include/taskpool.h say the same: each is reduced to a list of facts, and the lists are compared.
# Facts are the prototypes of calls and callbacks (pages: .BI and .B lines of SYNOPSIS) and the members of structs
# (pages: the tags under `.SS struct NAME`). Besides: every call has a page of its name, every page is in man/build.am,
# every constant of the header stands in some page, and no page speaks of a name that the headers lack.
#
# By hand: man/check-complete.sh, in any directory.
set -eu

srcdir=${srcdir:-$(dirname "$0")/..}
header=$srcdir/include/taskpool.h
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

complain() {
	echo "$*"
	failed=1
}

# One form for all: single spaces, none beside brackets, stars and commas.
tidy() { sed 's/[[:space:]]\{1,\}/ /g; s/ *\([][(),*;]\) */\1/g; s/^ //; s/ $//' | sort -u; }

awk '
	{
		while ((start = index($0, "/*")) > 0) {
			rest = substr($0, start + 2)
			while ((end = index(rest, "*/")) == 0 && (getline more) > 0)
				rest = rest " " more
			$0 = substr($0, 1, start - 1) substr(rest, end + 2)
		}
	}
	/^#/ || continued { continued = /\\$/; next }
	/^extern "C"/ { next }
	/^struct [a-z_]+ \{/ { members = $2; next }
	/^enum / { skip = 1 }
	/^\}/ { members = ""; skip = 0; next }
	skip { next }
	members != "" && /\(/ { sub(/;.*/, ""); print members ": " $0; next }
	members != "" && NF > 1 {
		sub(/;.*/, "")
		type = $0
		sub(/[^ *]+(, [^ ]+)*$/, "", type)
		count = split(substr($0, length(type) + 1), names, ", ")
		for (i = 1; i <= count; i++) print members ": " type names[i]
		next
	}
	{ text = text " " $0 }
	/;/ { if (text ~ /\(/) print text; text = "" }
' "$header" | tidy >"$work/header"

pages=$(grep -L '^\.so ' "$srcdir"/man/*.3)
for page in $pages; do
	sed 's/\\-/-/g' "$page" | awk '
		# A macro line without its macro and quotes; .BI leaves no space between its arguments, .B does.
		function plain(line, bold, out, quoted, i, c) {
			bold = (line ~ /^\.B /)
			sub(/^\.BI? */, "", line)
			for (i = 1; i <= length(line); i++) {
				c = substr(line, i, 1)
				if (c == "\"") quoted = !quoted
				else if (c != " " || quoted || bold) out = out c
			}
			return out
		}
		/\\$/ { sub(/\\$/, ""); held = held $0; next }
		{ $0 = held $0; held = "" }
		/^\.SH/ { synopsis = ($2 == "SYNOPSIS"); members = "" }
		/^\.SS/ { members = ($2 == "struct") ? $3 : "" }
		synopsis && /^\.BI? / && !/#include/ { text = text " " plain($0) }
		synopsis && text ~ /;$/ { print text; text = "" }
		tag && members != "" { print members ": " plain($0) }
		{ tag = ($1 == ".TP") }
	' | tidy >"$work/$(basename "$page")"
done
cat "$work"/*.3 | sort -u >"$work/pages"
diff -u "$work/header" "$work/pages" || complain "the pages (+) differ from the header (-)"

# The page of a call shows its prototype, or is read from the page that does.
# shellcheck disable=SC2013
for call in $(sed -n '/^typedef/d; s/.*[ *]\(taskpool_[a-z_]*\)(.*;$/\1/p' "$work/header"); do
	page=$srcdir/man/$call.3
	[ -e "$page" ] || { complain "$call: no page"; continue; }
	topic=$(sed -n 's|^\.so man3/||p' "$page")
	topic=${topic:-$call.3}
	grep -q "[ *]$call(" "$work/$topic" || complain "$call: $topic lacks its prototype"
	sed -n '/^\.SH NAME/,/^\.SH SYNOPSIS/p' "$srcdir/man/$topic" | grep -qw "$call" ||
		complain "$call: not in NAME of $topic"
done

# Page without a call: only the overview.
for page in "$srcdir"/man/*.3; do
	call=$(basename "$page" .3)
	grep -q "man/$call\.3" "$srcdir/man/build.am" || complain "$call.3: not in man/build.am"
	[ "$call" = taskpool ] || grep -q "[ *]$call(" "$work/header" || complain "$call.3: no such call"
done

# shellcheck disable=SC2086
sed '/^\.TH/d; s/\\f.//g' $pages | grep -Eow 'TASKPOOL_[A-Z0-9_]+|taskpool_[a-z0-9_]+' | sort -u >"$work/named"
cat "$header" "$srcdir/include/taskpool-version.h.in" |
	grep -Eow 'TASKPOOL_[A-Z0-9_]+|taskpool_[a-z0-9_]+' | grep -v '_H$' | sort -u >"$work/known"
comm -23 "$work/named" "$work/known" | grep . && complain "named in a page, unknown to the header"
comm -13 "$work/named" "$work/known" | grep '^TASKPOOL_' && complain "in the header, named in no page"
exit $failed
