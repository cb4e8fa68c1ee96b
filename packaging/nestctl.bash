# SPDX-License-Identifier: BSD-3-Clause
# bash completion of nestctl and nestswitch. nestctl knows by itself what may follow, names of ports included; what nestswitch
# knows stands in its help.

# The line up to the cursor, in words; MAC addresses and sockets are one word each, whatever readline thinks of colons.
_nestctl_words() {
	local line=${COMP_LINE:0:COMP_POINT}

	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=("")
}

# Readline completes what is behind the last colon only.
_nestctl_reply() {
	local begun=${words[-1]}

	mapfile -t COMPREPLY
	[[ $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${begun%"${begun##*:}"}"}")
}

_nestctl() {
	local words

	_nestctl_words
	_nestctl_reply < <(nestctl --complete "${words[@]:1}")
	if [[ ${COMPREPLY[0]-} == "<FILE>" ]]; then
		COMPREPLY=()
		compopt -o default
	fi
}
complete -F _nestctl nestctl

_nestswitch() {
	local words candidates

	_nestctl_words
	case ${#words[@]},${words[1]-} in
	2,*) candidates=$(nestswitch --help | sed -n 's/^  \([a-z]*\) .*/\1/p') ;;
	3,bench) candidates=$(nestswitch bench --help | sed -n 's/^  \([a-z]*\) .*/\1/p') ;;
	3,help) candidates="policy drops events" ;;
	*,bench) candidates=$(nestswitch bench "${words[2]}" --help | grep -o -- '--[a-z-]*') ;;
	*) candidates=$(nestswitch "${words[1]}" --help | grep -o -- '^  --[a-z][a-z-]*') ;;
	esac
	_nestctl_reply < <(compgen -W "$candidates" -- "${words[-1]}")
}
complete -o default -F _nestswitch nestswitch
