export LS_OPTIONS="--color=auto"
alias ll="ls $LS_OPTIONS -l"
