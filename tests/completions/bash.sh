# Usage: bash --norc bash.sh SCRIPT WORD...
# Prints what the completions of SCRIPT offer for the last word.
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
[[ $(complete -p -- "$1") =~ ' -F '([^ ]+) ]] || exit 9
"${BASH_REMATCH[1]}" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" || exit
# What readline does when nothing is offered.
[[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "${!#}")
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
