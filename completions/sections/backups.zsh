# IDs of backups, newest first, and files, for a backup may be one.
(( $+functions[_proxmox-backup_backups] )) ||
_proxmox-backup_backups() {
    local ret=1
    local -a expl ids
    ids=(${(f)"$("${(Q)typed[1]}" complete -- "${(@Q)typed}" 2>/dev/null </dev/null)"})
    (( $#ids )) && _wanted -V backups expl 'backup' compadd -a ids && ret=0
    _wanted files expl 'file' _files -g '*.tar*(-.)' && ret=0
    return ret
}

if [ "$funcstack[1]" = "_proxmox-backup" ]; then
    _proxmox-backup "$@"
else
    compdef _proxmox-backup proxmox-backup proxmox-config-backup
fi
