# SPDX-License-Identifier: BSD-3-Clause
# bash completion of nestctl: its words come from its own help.

_nestctl() {
	local current=${COMP_WORDS[COMP_CWORD]} words=""

	case $COMP_CWORD in
	1) words=$(nestctl --help | awk '/^  [a-z]/ { print $1 }') ;;
	2) words=$(nestctl --help | awk -v group="${COMP_WORDS[1]}" '/^  [a-z]/ && $1 == group { print $2 }') ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _nestctl nestctl
