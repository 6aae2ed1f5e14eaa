
# IDs of backups, and words that an argument takes: the program knows which stand here.
function __fish_proxmox_backup_expected
    set -l words (commandline -opc)
    command -q $words[1]
    and command $words[1] complete -- $words 2>/dev/null </dev/null
end

complete -c proxmox-backup -n "not __fish_proxmox_backup_needs_command" -k -a "(__fish_proxmox_backup_expected)"
# Its own commands have switched files off, and a backup may be one.
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore" -F
complete -c proxmox-config-backup -w proxmox-backup
