# The rest, options only behind a dash, and IDs of backups where one is expected: the program knows
# where that is, and says `latest` first. A backup may be a file as well.
_proxmox__backup__and_backups() {
    local ids word commands=()
    _proxmox__backup "$@"
    [[ $2 != -* ]] || return 0
    for word in "${COMPREPLY[@]}"; do
        [[ $word == -* ]] || commands+=("$word")
    done
    [[ ${#commands[@]} -eq 0 ]] || COMPREPLY=("${commands[@]}")
    [[ $COMP_CWORD -gt 1 ]] || return 0
    ids=$("$1" complete -- "${COMP_WORDS[@]:0:COMP_CWORD}" 2>/dev/null </dev/null)
    [[ $ids == latest* ]] || return 0
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(
        compgen -W "$ids" -- "$2"
        compgen -d -- "$2"
        compgen -f -X '!*.tar*' -- "$2"
    )
    COMPREPLY+=("${commands[@]}")
}

complete -F _proxmox__backup__and_backups -o nosort -o bashdefault -o default proxmox-backup proxmox-config-backup
