#compdef nestctl nestswitch
# SPDX-License-Identifier: BSD-3-Clause
# zsh completion of nestctl and nestswitch. nestctl itself computes the candidates, including names of ports. The candidates
# of nestswitch come from its help.

_nestctl_candidates() {
	local -a before=("${(@Q)words[2,CURRENT-1]}")

	case $service,$CURRENT,${before[1]-} in
	nestctl,*) nestctl --complete "$before[@]" "${(Q)PREFIX}" ;;
	*,2,*) nestswitch --help | sed -n 's/^  \([a-z]*\) .*/\1/p' ;;
	*,3,bench) nestswitch bench --help | sed -n 's/^  \([a-z]*\) .*/\1/p' ;;
	*,3,help) print -l policy drops events ;;
	*,bench) nestswitch bench "$before[2]" --help | grep -o -- '--[a-z-]*' ;;
	*) nestswitch "$before[1]" --help | grep -o -- '^  --[a-z][a-z-]*' | tr -d ' ' ;;
	esac 2>/dev/null
}

_nestctl() {
	local -a candidates=("${(@f)$(_nestctl_candidates)}")

	if [[ $candidates[1] == "<FILE>" || ($service == nestswitch && $PREFIX != -* && $CURRENT -gt 2 && $words[2] != (bench|help)) ]]; then
		_files
	else
		compadd -- "${(@)candidates:#}"
	fi
}

_nestctl "$@"
