_proxmox__backup() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="proxmox__backup"
                ;;
            proxmox__backup,backup)
                cmd="proxmox__backup__subcmd__backup"
                ;;
            proxmox__backup,cat)
                cmd="proxmox__backup__subcmd__cat"
                ;;
            proxmox__backup,check)
                cmd="proxmox__backup__subcmd__check"
                ;;
            proxmox__backup,completions)
                cmd="proxmox__backup__subcmd__completions"
                ;;
            proxmox__backup,config)
                cmd="proxmox__backup__subcmd__config"
                ;;
            proxmox__backup,decrypt)
                cmd="proxmox__backup__subcmd__decrypt"
                ;;
            proxmox__backup,diff)
                cmd="proxmox__backup__subcmd__diff"
                ;;
            proxmox__backup,extract)
                cmd="proxmox__backup__subcmd__extract"
                ;;
            proxmox__backup,fetch)
                cmd="proxmox__backup__subcmd__fetch"
                ;;
            proxmox__backup,help)
                cmd="proxmox__backup__subcmd__help"
                ;;
            proxmox__backup,hook)
                cmd="proxmox__backup__subcmd__hook"
                ;;
            proxmox__backup,key)
                cmd="proxmox__backup__subcmd__key"
                ;;
            proxmox__backup,list)
                cmd="proxmox__backup__subcmd__list"
                ;;
            proxmox__backup,ls)
                cmd="proxmox__backup__subcmd__ls"
                ;;
            proxmox__backup,man)
                cmd="proxmox__backup__subcmd__man"
                ;;
            proxmox__backup,migrate)
                cmd="proxmox__backup__subcmd__migrate"
                ;;
            proxmox__backup,notify)
                cmd="proxmox__backup__subcmd__notify"
                ;;
            proxmox__backup,prune)
                cmd="proxmox__backup__subcmd__prune"
                ;;
            proxmox__backup,restore)
                cmd="proxmox__backup__subcmd__restore"
                ;;
            proxmox__backup,show)
                cmd="proxmox__backup__subcmd__show"
                ;;
            proxmox__backup,status)
                cmd="proxmox__backup__subcmd__status"
                ;;
            proxmox__backup,undo)
                cmd="proxmox__backup__subcmd__undo"
                ;;
            proxmox__backup,verify)
                cmd="proxmox__backup__subcmd__verify"
                ;;
            proxmox__backup__subcmd__config,check)
                cmd="proxmox__backup__subcmd__config__subcmd__check"
                ;;
            proxmox__backup__subcmd__config,convert)
                cmd="proxmox__backup__subcmd__config__subcmd__convert"
                ;;
            proxmox__backup__subcmd__config,init)
                cmd="proxmox__backup__subcmd__config__subcmd__init"
                ;;
            proxmox__backup__subcmd__config,show)
                cmd="proxmox__backup__subcmd__config__subcmd__show"
                ;;
            proxmox__backup__subcmd__help,backup)
                cmd="proxmox__backup__subcmd__help__subcmd__backup"
                ;;
            proxmox__backup__subcmd__help,cat)
                cmd="proxmox__backup__subcmd__help__subcmd__cat"
                ;;
            proxmox__backup__subcmd__help,check)
                cmd="proxmox__backup__subcmd__help__subcmd__check"
                ;;
            proxmox__backup__subcmd__help,completions)
                cmd="proxmox__backup__subcmd__help__subcmd__completions"
                ;;
            proxmox__backup__subcmd__help,config)
                cmd="proxmox__backup__subcmd__help__subcmd__config"
                ;;
            proxmox__backup__subcmd__help,decrypt)
                cmd="proxmox__backup__subcmd__help__subcmd__decrypt"
                ;;
            proxmox__backup__subcmd__help,diff)
                cmd="proxmox__backup__subcmd__help__subcmd__diff"
                ;;
            proxmox__backup__subcmd__help,extract)
                cmd="proxmox__backup__subcmd__help__subcmd__extract"
                ;;
            proxmox__backup__subcmd__help,fetch)
                cmd="proxmox__backup__subcmd__help__subcmd__fetch"
                ;;
            proxmox__backup__subcmd__help,help)
                cmd="proxmox__backup__subcmd__help__subcmd__help"
                ;;
            proxmox__backup__subcmd__help,hook)
                cmd="proxmox__backup__subcmd__help__subcmd__hook"
                ;;
            proxmox__backup__subcmd__help,key)
                cmd="proxmox__backup__subcmd__help__subcmd__key"
                ;;
            proxmox__backup__subcmd__help,list)
                cmd="proxmox__backup__subcmd__help__subcmd__list"
                ;;
            proxmox__backup__subcmd__help,ls)
                cmd="proxmox__backup__subcmd__help__subcmd__ls"
                ;;
            proxmox__backup__subcmd__help,man)
                cmd="proxmox__backup__subcmd__help__subcmd__man"
                ;;
            proxmox__backup__subcmd__help,migrate)
                cmd="proxmox__backup__subcmd__help__subcmd__migrate"
                ;;
            proxmox__backup__subcmd__help,notify)
                cmd="proxmox__backup__subcmd__help__subcmd__notify"
                ;;
            proxmox__backup__subcmd__help,prune)
                cmd="proxmox__backup__subcmd__help__subcmd__prune"
                ;;
            proxmox__backup__subcmd__help,restore)
                cmd="proxmox__backup__subcmd__help__subcmd__restore"
                ;;
            proxmox__backup__subcmd__help,show)
                cmd="proxmox__backup__subcmd__help__subcmd__show"
                ;;
            proxmox__backup__subcmd__help,status)
                cmd="proxmox__backup__subcmd__help__subcmd__status"
                ;;
            proxmox__backup__subcmd__help,undo)
                cmd="proxmox__backup__subcmd__help__subcmd__undo"
                ;;
            proxmox__backup__subcmd__help,verify)
                cmd="proxmox__backup__subcmd__help__subcmd__verify"
                ;;
            proxmox__backup__subcmd__help__subcmd__config,check)
                cmd="proxmox__backup__subcmd__help__subcmd__config__subcmd__check"
                ;;
            proxmox__backup__subcmd__help__subcmd__config,convert)
                cmd="proxmox__backup__subcmd__help__subcmd__config__subcmd__convert"
                ;;
            proxmox__backup__subcmd__help__subcmd__config,init)
                cmd="proxmox__backup__subcmd__help__subcmd__config__subcmd__init"
                ;;
            proxmox__backup__subcmd__help__subcmd__config,show)
                cmd="proxmox__backup__subcmd__help__subcmd__config__subcmd__show"
                ;;
            proxmox__backup__subcmd__help__subcmd__hook,disable)
                cmd="proxmox__backup__subcmd__help__subcmd__hook__subcmd__disable"
                ;;
            proxmox__backup__subcmd__help__subcmd__hook,enable)
                cmd="proxmox__backup__subcmd__help__subcmd__hook__subcmd__enable"
                ;;
            proxmox__backup__subcmd__help__subcmd__hook,status)
                cmd="proxmox__backup__subcmd__help__subcmd__hook__subcmd__status"
                ;;
            proxmox__backup__subcmd__help__subcmd__key,derive)
                cmd="proxmox__backup__subcmd__help__subcmd__key__subcmd__derive"
                ;;
            proxmox__backup__subcmd__help__subcmd__key,new)
                cmd="proxmox__backup__subcmd__help__subcmd__key__subcmd__new"
                ;;
            proxmox__backup__subcmd__help__subcmd__key,show)
                cmd="proxmox__backup__subcmd__help__subcmd__key__subcmd__show"
                ;;
            proxmox__backup__subcmd__help__subcmd__key,verify)
                cmd="proxmox__backup__subcmd__help__subcmd__key__subcmd__verify"
                ;;
            proxmox__backup__subcmd__help__subcmd__notify,test)
                cmd="proxmox__backup__subcmd__help__subcmd__notify__subcmd__test"
                ;;
            proxmox__backup__subcmd__help__subcmd__restore,confirm)
                cmd="proxmox__backup__subcmd__help__subcmd__restore__subcmd__confirm"
                ;;
            proxmox__backup__subcmd__hook,disable)
                cmd="proxmox__backup__subcmd__hook__subcmd__disable"
                ;;
            proxmox__backup__subcmd__hook,enable)
                cmd="proxmox__backup__subcmd__hook__subcmd__enable"
                ;;
            proxmox__backup__subcmd__hook,status)
                cmd="proxmox__backup__subcmd__hook__subcmd__status"
                ;;
            proxmox__backup__subcmd__key,derive)
                cmd="proxmox__backup__subcmd__key__subcmd__derive"
                ;;
            proxmox__backup__subcmd__key,new)
                cmd="proxmox__backup__subcmd__key__subcmd__new"
                ;;
            proxmox__backup__subcmd__key,show)
                cmd="proxmox__backup__subcmd__key__subcmd__show"
                ;;
            proxmox__backup__subcmd__key,verify)
                cmd="proxmox__backup__subcmd__key__subcmd__verify"
                ;;
            proxmox__backup__subcmd__notify,test)
                cmd="proxmox__backup__subcmd__notify__subcmd__test"
                ;;
            proxmox__backup__subcmd__restore,confirm)
                cmd="proxmox__backup__subcmd__restore__subcmd__confirm"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        proxmox__backup)
            opts="-n -c -q -v -d -h -V --dry-run --if-changed --reason --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help --version backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --reason)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__backup)
            opts="-n -c -q -v -d -h --dry-run --if-changed --reason --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --reason)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__cat)
            opts="-i -c -q -v -d -h --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__check)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__completions)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help bash elvish fish powershell zsh"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__config)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help check show init convert"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__config__subcmd__check)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__config__subcmd__convert)
            opts="-c -q -v -d -h --to --output --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --to)
                    COMPREPLY=($(compgen -W "env yaml" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__config__subcmd__init)
            opts="-c -q -v -d -h --format --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "env yaml" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__config__subcmd__show)
            opts="-c -q -v -d -h --changed --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__decrypt)
            opts="-i -c -q -v -d -h --to --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --to)
                    COMPREPLY=()
                    return 0
                    ;;
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__diff)
            opts="-i -c -q -v -d -h --live --content --show-secrets --outputs --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__extract)
            opts="-i -c -q -v -d -h --to --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --to)
                    COMPREPLY=()
                    return 0
                    ;;
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__fetch)
            opts="-c -q -v -d -h --from --to --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --from)
                    COMPREPLY=($(compgen -W "local secondary cloud" -- "${cur}"))
                    return 0
                    ;;
                --to)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help)
            opts="backup check list fetch show ls cat extract decrypt diff restore undo verify key prune status notify migrate hook config man completions help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__backup)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__cat)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__check)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__completions)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__config)
            opts="check show init convert"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__config__subcmd__check)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__config__subcmd__convert)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__config__subcmd__init)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__config__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__decrypt)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__diff)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__extract)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__fetch)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__hook)
            opts="enable disable status"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__hook__subcmd__disable)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__hook__subcmd__enable)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__hook__subcmd__status)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__key)
            opts="new show derive verify"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__key__subcmd__derive)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__key__subcmd__new)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__key__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__key__subcmd__verify)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__list)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__ls)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__man)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__migrate)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__notify)
            opts="test"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__notify__subcmd__test)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__prune)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__restore)
            opts="confirm"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__restore__subcmd__confirm)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__status)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__undo)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__help__subcmd__verify)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__hook)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help enable disable status"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__hook__subcmd__disable)
            opts="-c -q -v -d -h --job --all --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help vzdump"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --job)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__hook__subcmd__enable)
            opts="-c -q -v -d -h --job --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help vzdump"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --job)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__hook__subcmd__status)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help vzdump"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__key)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help new show derive verify"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__key__subcmd__derive)
            opts="-c -q -v -d -h --passphrase-file --salt --yes-show-private --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__key__subcmd__new)
            opts="-c -q -v -d -h --recipient --passphrase-file --signing --output --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --recipient)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --output)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__key__subcmd__show)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__key__subcmd__verify)
            opts="-i -c -q -v -d -h --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__list)
            opts="-c -q -v -d -h --all-hosts --tier --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --tier)
                    COMPREPLY=($(compgen -W "local secondary cloud" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__ls)
            opts="-i -c -q -v -d -h --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__man)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__migrate)
            opts="-n -c -q -v -d -h --from --dry-run --plan --yes --keep-config --undo --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --from)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__notify)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help test"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__notify__subcmd__test)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__prune)
            opts="-n -c -q -v -d -h --dry-run --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__restore)
            opts="-i -c -q -v -d -h --plan --save --expect --yes --to --mode --only --exclude --skip-network --guests --same-hardware --nic-map --pve --identity --passphrase-file --salt --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help confirm"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --save)
                    COMPREPLY=()
                    return 0
                    ;;
                --expect)
                    COMPREPLY=()
                    return 0
                    ;;
                --to)
                    COMPREPLY=()
                    return 0
                    ;;
                --mode)
                    COMPREPLY=($(compgen -W "full storage base custom" -- "${cur}"))
                    return 0
                    ;;
                --only)
                    COMPREPLY=()
                    return 0
                    ;;
                --exclude)
                    COMPREPLY=()
                    return 0
                    ;;
                --guests)
                    COMPREPLY=($(compgen -W "skip replace" -- "${cur}"))
                    return 0
                    ;;
                --nic-map)
                    COMPREPLY=()
                    return 0
                    ;;
                --pve)
                    COMPREPLY=($(compgen -W "auto whole files" -- "${cur}"))
                    return 0
                    ;;
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__restore__subcmd__confirm)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__show)
            opts="-c -q -v -d -h --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__status)
            opts="-c -q -v -d -h --max-age --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --max-age)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__undo)
            opts="-c -q -v -d -h --yes --list --forget --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --forget)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        proxmox__backup__subcmd__verify)
            opts="-i -c -q -v -d -h --all --identity --passphrase-file --salt --signer --allow-gaps --config --root --json --quiet --verbose --debug --log-level --color --no-progress --plain --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --identity)
                    COMPREPLY=()
                    return 0
                    ;;
                -i)
                    COMPREPLY=()
                    return 0
                    ;;
                --passphrase-file)
                    COMPREPLY=()
                    return 0
                    ;;
                --salt)
                    COMPREPLY=()
                    return 0
                    ;;
                --signer)
                    COMPREPLY=()
                    return 0
                    ;;
                --config)
                    COMPREPLY=()
                    return 0
                    ;;
                -c)
                    COMPREPLY=()
                    return 0
                    ;;
                --root)
                    COMPREPLY=()
                    return 0
                    ;;
                --debug)
                    COMPREPLY=()
                    return 0
                    ;;
                -d)
                    COMPREPLY=()
                    return 0
                    ;;
                --log-level)
                    COMPREPLY=($(compgen -W "none error warning info debug" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

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
