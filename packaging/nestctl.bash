# SPDX-License-Identifier: BSD-3-Clause
# bash completion of nestctl and nestswitch. nestctl itself computes the candidates, including names of ports. The candidates
# of nestswitch come from its help.

# Splits the line up to the cursor into words without quotes. MAC addresses and sockets are single words, although readline
# splits them at colons. quote: the quote at the start of the last word, if there is one.
_nestctl_words() {
	local line=${COMP_LINE:0:COMP_POINT} quotes=$'[\'"\\\\]'
	local word=$'^[ \t]*(([^ \t\'"\\\\]|\\\\.|\'[^\']*(\'|$)|"([^"\\\\]|\\\\.)*("|$))+)'

	words=() quote=
	while [[ $line =~ $word ]]; do
		words+=("${BASH_REMATCH[1]}")
		line=${line:${#BASH_REMATCH}}
	done
	[[ -z $line && ${#words[@]} != 0 ]] || words+=("")
	[[ ${words[-1]} != $quotes* ]] || quote=${words[-1]:0:1}
	words=("${words[@]//$quotes/}")
}

# Readline replaces only the text after the last colon or after the quote.
_nestctl_reply() {
	local begun=${words[-1]}

	mapfile -t COMPREPLY
	[[ $COMP_WORDBREAKS != *:* || $quote ]] || COMPREPLY=("${COMPREPLY[@]#"${begun%"${begun##*:}"}"}")
}

_nestctl() {
	local words quote

	_nestctl_words
	_nestctl_reply < <(nestctl --complete "${words[@]:1}")
	if [[ ${COMPREPLY[0]-} == "<FILE>" || ${words[*]: -2} == *[\<\>]" "* || ${words[-1]} == *[\<\>]* ]]; then
		COMPREPLY=()
		compopt -o default
	fi
}
complete -F _nestctl nestctl

_nestswitch() {
	local words quote candidates

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
