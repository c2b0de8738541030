#!/usr/bin/env bash
# No two types of namespace podscale have one name: where two files define a type each, the linker keeps one of
# them and says nothing. Those of an unnamed namespace are a file's own.
#   one_definition.sh SOURCE
set -euo pipefail
cd -- "$1"
find src include drivers tests -name '*.cpp' -o -name '*.hpp' | sort | xargs awk '
  FNR == 1 { unnamed = 0; space = "" }
  /^namespace [a-z_:]+ \{/ { space = $2 }
  /^namespace \{/ { unnamed = 1 }
  /^}  \/\/ namespace$/ { unnamed = 0 }
  !unnamed && match($0, /^(struct|class|enum class|union) (alignas\([0-9]+\) )?[A-Za-z_0-9]+( final)?( : [^;]*)? \{/) {
    name = $0
    sub(/^(struct|class|enum class|union) (alignas\([0-9]+\) )?/, "", name)
    sub(/[^A-Za-z_0-9].*/, "", name)
    name = space "::" name
    ++types
    # A test is a program of its own: it meets the library, and what tests share.
    alone = FILENAME ~ /^tests\// && FILENAME !~ /^tests\/support\//
    if (alone) own[name] = own[name] " " FILENAME
    else if (name in common) found = found common[name] " and " FILENAME ": " name "\n"
    else common[name] = FILENAME
  }
  END {
    for (name in own) if (name in common) found = found common[name] " and" own[name] ": " name "\n"
    if (types < 300) found = found "only " types " types were seen\n"
    printf "%s", found
    if (found != "") exit 1
    print types " types, each of one definition"
  }'
