#!/usr/bin/env bash
# Man page and completion of one program, as documents.sh makes them: what bash would offer.
#   completion.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=../drivers/common.sh disable=SC2154
source "$(dirname -- "$0")/../drivers/common.sh" "$1" "$2" "$3" completion
mkdir bin
ln -s "$bin/podscale-ocean" bin/podscale-ocean
"$here/../../jobscripts/packaging/documents.sh" bin documents 2>run.err
if command -v help2man >/dev/null; then
  check "a man page with the options" test "$(gzip -dc documents/man/man1/podscale-ocean.1.gz | grep -cF '\-\-set\fR TEXT')" = 1
fi
# shellcheck disable=SC1091
source documents/bash-completion/completions/podscale-ocean
touch here.nml 'two words.nml'
offered() {  # offered LINE: what follows, one a line
  COMP_LINE="$1" COMP_POINT=${#1}
  read -ra COMP_WORDS <<<"${1//=/ = }"
  [[ "$1" != *[[:space:]] ]] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _podscale
  printf '%s\n' "${COMPREPLY[@]}"
}
check "options" test "$(offered 'podscale-ocean --ver')" = $'--verbose\n--version'
check "files" test "$(offered 'podscale-ocean here')" = here.nml
check "names with blanks" test "$(offered 'podscale-ocean two')" = 'two words.nml'
check "keys" test "$(offered 'podscale-ocean --set ocean.last_d')" = ocean.last_date=
check "all keys" test "$(offered 'podscale-ocean --set ' | wc -l)" = "$("$bin/podscale-ocean" --reference | grep -c '^| `')"
check "values that are files" test "$(offered 'podscale-ocean a.nml --set data.hr_files=he')" = here.nml
check "keys to print" test "$(offered 'podscale-ocean --print-value data.hr_f')" = data.hr_files
finish
