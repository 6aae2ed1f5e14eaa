# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_proxmox_backup_global_optspecs
    string join \n n/dry-run if-changed reason= c/config= root= json q/quiet v/verbose d/debug= log-level= color= no-progress plain h/help V/version
end

function __fish_proxmox_backup_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_proxmox_backup_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_proxmox_backup_using_subcommand
    set -l cmd (__fish_proxmox_backup_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l reason -d 'Why this backup is made; kept in its manifest' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s n -l dry-run -d 'Print what would be done, with reasons; write nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l if-changed -d 'Only when something differs from the newest backup; else end with exit code 16'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -s V -l version -d 'Print version'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "backup" -d 'Make a backup (what happens without a command)'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "check" -d 'Check configuration, host and pre-checks; change nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "list" -d 'List the backups'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "fetch" -d 'Copy a backup back from the secondary or the cloud tier'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "show" -d 'Show what a backup is: its manifest'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "ls" -d 'List what is in a backup'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "cat" -d 'Print a file of a backup'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "extract" -d 'Unpack files of a backup into a directory'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "decrypt" -d 'Write a decrypted copy of a backup; without arguments as a dialogue'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "diff" -d 'Show what differs between two backups, or between a backup and this host'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "restore" -d 'Bring a backup back to this machine: shows a plan, asks, and can be undone; without arguments as a dialogue'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "undo" -d 'Take a restore back, even one that was killed in the middle'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "verify" -d 'Look at every byte of backups: checksum, full decode, comparison with the index, restore drill'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "key" -d 'Keys that backups are encrypted for or signed with, and proof of those that open them'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "prune" -d 'Remove old backups now, by the policy of the configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "status" -d 'Tell how the last run went, in one line and an exit code for monitoring systems'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "notify" -d 'Messages about runs: try them out'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "migrate" -d 'Take over from the Bash tool or ProxSave: settings, keys, schedule; shows a plan, asks, and can be undone'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "hook" -d 'Backups of the host after backups of guests: the hook script of vzdump'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "config" -d 'Check, show or write the configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "man" -d 'Write man pages into a directory'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c proxmox-backup -n "__fish_proxmox_backup_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l reason -d 'Why this backup is made; kept in its manifest' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s n -l dry-run -d 'Print what would be done, with reasons; write nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l if-changed -d 'Only when something differs from the newest backup; else end with exit code 16'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand backup" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand check" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l tier -d 'Look at this tier alone: local, secondary, cloud; may be given again' -r -f -a "local\t'`BACKUP_PATH`'
secondary\t'`SECONDARY_PATH`'
cloud\t'`CLOUD_REMOTE`'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l all-hosts -d 'Those of other hosts too'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand list" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l from -d 'From this tier: secondary, cloud; without it the first that has the backup' -r -f -a "local\t'`BACKUP_PATH`'
secondary\t'`SECONDARY_PATH`'
cloud\t'`CLOUD_REMOTE`'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l to -d 'Into this directory instead of the usual one; made if it is not there' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand fetch" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand show" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand ls" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand cat" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l to -d 'Where to; made if it is not there' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand extract" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l to -d 'Where to; made if it is not there [default: ./restore]' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand decrypt" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l live -d 'Compare with this host, or the tree that --root names (what happens without B)'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l content -d 'Show the lines that differ'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l show-secrets -d 'With --content: those of files that hold secrets too'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l outputs -d 'What commands printed and the state of the cluster too; only between two backups'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand diff" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l save -d 'Keep the plan as JSON in FILE' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l expect -d 'Go on only when the plan is the one that --save kept in FILE' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l to -d 'Only unpack what is selected below DIR; nothing of this machine changes' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l mode -d 'What goes back: full, storage, base, custom' -r -f -a "full\t''
storage\t''
base\t''
custom\t''"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l only -d 'Only this category, recipe or path; may be given again' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l exclude -d 'Never this category, recipe or path; goes before --only; may be given again' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l guests -d 'Guests whose number exists here: skip or replace [default: they are reported]' -r -f -a "skip\t''
replace\t''"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l nic-map -d 'New names of network cards: `auto`, or OLD=NEW; may be given again' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l pve -d 'Proxmox VE\'s own files: auto, whole (the database), files (one by one)' -r -f -a "auto\t''
whole\t''
files\t''"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l plan -d 'Print what would be done with each file, and why; write nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l yes -d 'Do not ask for the word RESTORE'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l skip-network -d 'Leave the network as it is'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l same-hardware -d 'The disks and cards are those of the backup: crypttab, host id, boot disks go back too'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and not __fish_seen_subcommand_from confirm" -a "confirm" -d 'Keep the network that a restore brought, before its timer takes it back'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand restore; and __fish_seen_subcommand_from confirm" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l forget -d 'Remove what is kept of this restore; it cannot be undone any more' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l yes -d 'Do not ask'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l list -d 'List the restores that were done on this machine'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand undo" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l signer -d 'Demand a signature by this key, and a chain without a gap: `ed25519:…`, or the .pub file; may be given again' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l all -d 'All backups on the storage'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l allow-gaps -d 'With --signer: a backup missing between others is no problem [default: with grandfather-father-son retention]'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand verify" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -f -a "new" -d 'Add whom backups are encrypted for, without options as a dialogue; or make a key that signs them'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -f -a "show" -d 'Show whom backups are encrypted for, and what signs them'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -f -a "derive" -d 'Print the public key that a passphrase gives'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and not __fish_seen_subcommand_from new show derive verify" -f -a "verify" -d 'Prove that a key opens a backup: decode all of it, write nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l recipient -d 'Public key: age1…, ssh-ed25519 …, ssh-rsa …; may be given again' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l passphrase-file -d 'File with a passphrase, of which only a public key is stored; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l output -d 'With --signing: where to; nothing is ever overwritten' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l signing -d 'Make a key that signs the backups of this host'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l passphrase-file -d 'File with the passphrase; `-` reads standard input; without it you are asked' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l salt -d 'Salt of the passphrase, instead of those in the recipients file' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l yes-show-private -d 'Print the private key too, as `age -d -i` takes it'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from derive" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s i -l identity -d 'File with an age or SSH private key; `-` reads standard input; may be given again' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l passphrase-file -d 'File with the passphrase; `-` reads standard input' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l salt -d 'Salt of the passphrase, where the manifest does not tell' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand key; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s n -l dry-run -d 'Show every backup with keep or remove and the reason; remove nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand prune" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l max-age -d 'A newest backup that is older is CRITICAL: 90m, 26h, 8d, or a number of seconds' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand status" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and not __fish_seen_subcommand_from test" -f -a "test" -d 'Send an example, marked as one, and print what each channel answers'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l from -d 'Directory of the older tool [default: the one of /opt/proxmox-backup and /opt/proxsave that is there]' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s n -l plan -l dry-run -d 'Show what would be done; change nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l yes -d 'Do not ask'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l keep-config -d 'Leave our own configuration as it is'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l undo -d 'Take the migration back, even one that was killed in the middle'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand migrate" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -f -a "enable" -d 'After each backup job of guests, make a backup of the host\'s configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -f -a "disable" -d 'Take the script out; what stood there before stands there again'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and not __fish_seen_subcommand_from enable disable status" -f -a "status" -d 'Say what script stands where'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l job -d 'One backup job instead of all jobs of this node that name no script' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l job -d 'One backup job instead of all jobs of this node that name no script' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l all -d 'This node and the jobs that run on it alone'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand hook; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -f -a "check" -d 'Name every mistake of the configuration file'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -f -a "show" -d 'Show every setting with its value and where that comes from'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -f -a "init" -d 'Write a configuration file with every setting explained'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and not __fish_seen_subcommand_from check show init convert" -f -a "convert" -d 'Write the configuration in its other form, backup.env or backup.yaml, to standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l changed -d 'Only settings that are not at their default'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l format -d 'env or yaml; without it the file\'s ending says' -r -f -a "env\t'KEY=value'
yaml\t'Sections'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l to -d 'env or yaml; without it what the ending of --output says, else the one that the file is not in' -r -f -a "env\t'KEY=value'
yaml\t'Sections'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l output -d 'Into this file, which must not exist' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand config; and __fish_seen_subcommand_from convert" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand man" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -s c -l config -d 'Configuration file instead of the usual one' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l root -d 'Work on another machine\'s disk mounted at DIR: files only, no commands' -r -F
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -s d -l debug -d 'Log level in numbers: 0 nothing, 1 errors, 2 warnings, 3 and 4 usual, 5 everything' -r
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l log-level -d 'Log level in words: none, error, warning, info, debug' -r -f -a "none\t'Nothing'
error\t'What ended the run'
warning\t'What is worth a look'
info\t'The steps'
debug\t'Every file'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l color -d 'Colours: auto, always, never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l json -d 'Print one JSON object on standard output'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -s q -l quiet -d 'Say only what went wrong'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -s v -l verbose -d 'Say more; twice for everything'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l no-progress -d 'Draw no progress on the terminal'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -l plain -d 'ASCII and no colours, as where the locale is not UTF-8: [ok] and [failed] for marks, \\xc3\\xa4 in names'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand completions" -s h -l help -d 'Print help'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "backup" -d 'Make a backup (what happens without a command)'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "check" -d 'Check configuration, host and pre-checks; change nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "list" -d 'List the backups'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "fetch" -d 'Copy a backup back from the secondary or the cloud tier'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "show" -d 'Show what a backup is: its manifest'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "ls" -d 'List what is in a backup'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "cat" -d 'Print a file of a backup'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "extract" -d 'Unpack files of a backup into a directory'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "decrypt" -d 'Write a decrypted copy of a backup; without arguments as a dialogue'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "diff" -d 'Show what differs between two backups, or between a backup and this host'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "restore" -d 'Bring a backup back to this machine: shows a plan, asks, and can be undone; without arguments as a dialogue'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "undo" -d 'Take a restore back, even one that was killed in the middle'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "verify" -d 'Look at every byte of backups: checksum, full decode, comparison with the index, restore drill'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "key" -d 'Keys that backups are encrypted for or signed with, and proof of those that open them'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "prune" -d 'Remove old backups now, by the policy of the configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "status" -d 'Tell how the last run went, in one line and an exit code for monitoring systems'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "notify" -d 'Messages about runs: try them out'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "migrate" -d 'Take over from the Bash tool or ProxSave: settings, keys, schedule; shows a plan, asks, and can be undone'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "hook" -d 'Backups of the host after backups of guests: the hook script of vzdump'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "config" -d 'Check, show or write the configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "man" -d 'Write man pages into a directory'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "completions" -d 'Print shell completions'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and not __fish_seen_subcommand_from backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from restore" -f -a "confirm" -d 'Keep the network that a restore brought, before its timer takes it back'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "new" -d 'Add whom backups are encrypted for, without options as a dialogue; or make a key that signs them'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "show" -d 'Show whom backups are encrypted for, and what signs them'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "derive" -d 'Print the public key that a passphrase gives'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "verify" -d 'Prove that a key opens a backup: decode all of it, write nothing'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "test" -d 'Send an example, marked as one, and print what each channel answers'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "enable" -d 'After each backup job of guests, make a backup of the host\'s configuration'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "disable" -d 'Take the script out; what stood there before stands there again'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "status" -d 'Say what script stands where'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Name every mistake of the configuration file'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Show every setting with its value and where that comes from'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "init" -d 'Write a configuration file with every setting explained'
complete -c proxmox-backup -n "__fish_proxmox_backup_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "convert" -d 'Write the configuration in its other form, backup.env or backup.yaml, to standard output'

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
