#!/usr/bin/env bash
# Makes man pages (where help2man is installed) and bash completion of the programs from what they say
# of themselves.
#   documents.sh BIN OUT      OUT/man/man1, OUT/bash-completion/completions
set -euo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
bin="$1" out="$2"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
rm -rf -- "$out"
mkdir -p -- "$out/bash-completion/completions"
programs=("$bin"/podscale-*)

if command -v help2man >/dev/null; then
  mkdir -p -- "$out/man/man1"
  # help2man takes the lines on libraries in --version for a copyright.
  asked="$(mktemp -d)"
  trap 'rm -rf -- "$asked"' EXIT
  for program in "${programs[@]}"; do
    name="$(basename -- "$program")"
    cat >"$asked/$name" <<SH
#!/bin/sh
if [ "\$1" = --version ]; then '$program' --version | head -n 1; else '$program' --help | sed 's/^  \(-[a-z]\),--/  \1, --/'; fi
SH
    chmod +x "$asked/$name"
    help2man --no-info --name="$("$program" --help | head -n 1)" --manual=podscale "$asked/$name" |
      gzip -9n >"$out/man/man1/$name.1.gz"
  done
else
  echo "documents: no man pages, help2man is not installed" >&2
fi

options() {  # options PROGRAM: short and long ones
  "$1" --help | sed -n -E 's/^  (-[^ ]+).*/\1/p' | tr ',' ' ' | paste -sd ' '
}
keys() {  # group.key= of all
  "$bin/podscale-ocean" --reference |
    awk -F '`' '/^## &/ { group = substr($0, 5) } /^\| `/ { printf "%s.%s= ", group, $2 }'
}
completion="$out/bash-completion/completions/podscale"
{
  echo 'declare -gA _podscale_options=('
  for program in "${programs[@]}"; do printf '  [%s]="%s"\n' "$(basename -- "$program")" "$(options "$program")"; done
  printf ')\n_podscale_keys="%s"\n' "$(keys)"
  cat "$here/completion.bash"
} >"$completion"
for program in "${programs[@]}"; do
  ln -sf podscale "$out/bash-completion/completions/$(basename -- "$program")"
done
