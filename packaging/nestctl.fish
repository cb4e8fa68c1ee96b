# SPDX-License-Identifier: BSD-3-Clause
# fish completion of nestctl and nestswitch. nestctl itself computes the candidates, including names of ports. The candidates
# of nestswitch come from its help.

function __nestctl_candidates
    set -l words (commandline -opc)[2..]
    set -l begun (commandline -ct | string unescape)
    set -l candidates (nestctl --complete $words "$begun" 2>/dev/null)
    if test "$candidates[1]" = "<FILE>"
        __fish_complete_path "$begun"
    else
        string join \n -- $candidates
    end
end

function __nestswitch_candidates
    set -l words (commandline -opc)[2..]
    set -l begun (commandline -ct)
    switch (count $words)" $words[1]"
        case "0 *"
            nestswitch --help | string match -rg '^  ([a-z]+) '
        case "1 bench"
            nestswitch bench --help | string match -rg '^  ([a-z]+) '
        case "1 help"
            string join \n policy drops events
        case "* bench"
            nestswitch bench $words[2] --help 2>/dev/null | string match -arg -- '(--[a-z-]+)'
        case "*"
            nestswitch $words[1] --help 2>/dev/null | string match -rg -- '^  (--[a-z][a-z-]*)'
            string match -q -- "-*" "$begun" || __fish_complete_path "$begun"
    end
end

complete -c nestctl -f -a "(__nestctl_candidates)"
complete -c nestswitch -f -a "(__nestswitch_candidates)"
