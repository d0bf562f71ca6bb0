# SPDX-License-Identifier: GPL-2.0-only
# Sourced, behind lib.sh: replay FILE, run what stands in it and compare.
#
#	text at the margin		for readers
#	    PLACE# COMMAND		run it in this shell
#	    PLACE$ COMMAND		run it in the guest PLACE
#	    > MORE			its next line
#	    OUTPUT			both streams: '*' is any text in a line, a
#					line '...' any lines
#	    [N]				the exit status, if it is not 0
#	<!-- test: if COMMAND -->	skip what follows, up to "end", if it fails
#	<!-- test: WORD ... -->		call directive_WORD with the rest
#
# A command that ends in '&' has neither output nor status.

step=
step_place=
step_output=
step_status=0
step_line=0
skipping=

# matches LINE PATTERN: only '*' is special
matches()
{
	pattern=$(printf '%s\n' "$2" | sed 's/[][\\?]/\\&/g')
	# shellcheck disable=SC2254 # a pattern is meant
	case $1 in
	$pattern)
		return 0
		;;
	esac
	return 1
}

# compare GOT WANT: files; prints the first line that is wrong
compare()
{
	gap=
	exec 3<"$1"
	while IFS= read -r want; do
		if [ "$want" = ... ]; then
			gap=yes
			continue
		fi
		found=
		while IFS= read -r got <&3; do
			if matches "$got" "$want"; then
				found=yes
				break
			fi
			[ -n "$gap" ] || break
		done
		if [ -z "$found" ]; then
			echo "'$want' is not there${gap:+ below}," \
				"but '$(head -n 5 "$1")'"
			exec 3<&-
			return
		fi
		gap=
	done <"$2"
	if [ -z "$gap" ] && IFS= read -r got <&3; then
		echo "'$got' is too much"
	fi
	exec 3<&-
}

# prompt LINE: set place if it is a command
prompt()
{
	place=${1%%[#\$] *}
	case $place in
	"$1"|''|*[!a-z0-9]*)
		return 1
		;;
	esac
}

# Run the step that was read, if any.
run_step()
{
	[ -n "$step" ] || return 0
	name="line $step_line: $(printf '%s\n' "$step" | head -n 1)"
	printf '%s' "$step_output" >/tmp/want
	: >/tmp/got
	case $step in
	*'&')
		step=${step%&}
		if [ "$step_place" = host ]; then
			# Inside: $! is the command itself if it is a simple one.
			eval "$step &" >/dev/null 2>&1 </dev/null
		else
			in_guest "$step_place" "$step" >/dev/null 2>&1 &
		fi
		replay_pids="$replay_pids $!"
		step=
		ok "$name"
		return
		;;
	esac
	if [ "$step_place" = host ]; then
		(eval "$step") >/tmp/got 2>&1 </dev/null
	else
		in_guest "$step_place" "$step" >/tmp/got 2>&1
	fi
	got_status=$?
	wrong=$(compare /tmp/got /tmp/want)
	if [ -n "$wrong" ]; then
		not_ok "$name" "$wrong"
	elif [ $got_status -ne "$step_status" ]; then
		not_ok "$name" "status $got_status, not $step_status"
	else
		ok "$name"
	fi
	step=
}

directive()
{
	word=${1%% *}
	rest=${1#* }
	case $word in
	end)
		skipping=
		;;
	if)
		if ! eval "$rest" >/dev/null 2>&1; then
			echo "skip - line $line_number and on: not so: $rest"
			skipping=yes
		fi
		;;
	*)
		[ -n "$skipping" ] || "directive_$word" "$rest"
		;;
	esac
}

replay()
{
	replay_pids=
	line_number=0
	# Commands may not read the transcript.
	exec 4<"$1"
	while IFS= read -r line <&4; do
		line_number=$((line_number + 1))
		case $line in
		'<!-- test: '*' -->')
			run_step
			line=${line#<!-- test: }
			directive "${line% -->}"
			continue
			;;
		esac
		[ -z "$skipping" ] || continue
		case $line in
		'    > '*)
			step="$step
${line#    > }"
			;;
		'    ['[0-9]*']')
			line=${line#*\[}
			step_status=${line%]}
			;;
		'    '*)
			line=${line#    }
			if prompt "$line"; then
				run_step
				step_place=$place
				step=${line#*[#\$] }
				step_line=$line_number
				step_output=
				step_status=0
			else
				step_output="$step_output$line
"
			fi
			;;
		'')
			;;
		*)
			run_step
			;;
		esac
	done
	run_step
	exec 4<&-
	# shellcheck disable=SC2086 # a list
	[ -z "$replay_pids" ] || kill $replay_pids 2>/dev/null
}
