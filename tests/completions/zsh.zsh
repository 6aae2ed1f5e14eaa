# Usage: zsh -f zsh.zsh DIRECTORY LINE...
# Prints what the completions in DIRECTORY offer behind each LINE, and a line END; on standard error
# what the terminal shows. Completion needs a line editor, and that a terminal.
zmodload zsh/zpty || exit 9
offered=$(mktemp) || exit 9
zpty -b shell "stty -echo cols 200; exec zsh -f -i"
send() { zpty -w shell "$1" }
send "PS1= RPS1= fpath=(${(q)1} \$fpath) offered=${(q)offered}; unsetopt beep; unset zle_bracketed_paste"
send 'autoload -Uz compinit && compinit -D -u'
# Calls that fill an array offer nothing by themselves.
send 'compadd() { (( $@[(I)-[OAD]*] )) || { local -a _found; builtin compadd -O _found "$@"; print -rl -- $_found >>$offered }; builtin compadd "$@" }'
send 'capture() { _main_complete; compstate[insert]= compstate[list]=; print END >>$offered }'
send 'zle -C capture complete-word capture; bindkey "^X" capture; bindkey "^U" kill-whole-line'
send "echo REA''DY"
zpty -r -m shell screen '*READY*' || exit 9
for line in "${@:2}"; do
    (( ended += 1, tries = 0 ))
    zpty -w -n shell "$line"$'\x18'
    until [[ $(grep -c '^END$' $offered) == $ended ]]; do
        (( tries += 1, tries < 600 )) || exit 8
        sleep 0.05
    done
    zpty -w -n shell $'\x15'
done
while zpty -r -t shell more; do screen+=$more; done
print -r -- "$screen" >&2
cat $offered
zpty -d shell
rm -f $offered
