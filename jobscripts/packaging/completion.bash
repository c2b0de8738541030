# shellcheck shell=bash disable=SC2154
# Bash completion of podscale's programs. documents.sh puts two tables in front, made from the programs:
# _podscale_options[program], and _podscale_keys, "group.key=" of the namelist.
_podscale() {
  local program line word previous
  program="$(basename -- "${COMP_WORDS[0]}")"
  # Bash breaks words at "=": data.hr_files=a is three of them.
  line="${COMP_LINE:0:COMP_POINT}"
  word="${line##*[[:space:]]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
  COMPREPLY=()
  if [[ "$word" == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_podscale_options[$program]}" -- "$word")
  elif [[ "$word" == *=* && " $_podscale_keys " == *" ${word%%=*}= "* ]]; then  # --set key=FILE
    mapfile -t COMPREPLY < <(compgen -f -- "${word#*=}")
    compopt -o filenames 2>/dev/null
  elif [[ "$previous" == --set ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$_podscale_keys" -- "$word")
    compopt -o nospace 2>/dev/null
  elif [[ "$previous" == --print-path || "$previous" == --print-value ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_podscale_keys//=/}" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _podscale "${!_podscale_options[@]}"
