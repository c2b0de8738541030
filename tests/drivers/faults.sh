#!/usr/bin/env bash
# Faults of the machine around a run: each ends it with one line and its code, on all ranks, without a hang.
#   faults.sh BIN LAUNCHER SCRATCH CASE [STRIKE]
# CASE: read_only (a file system that lets nothing be written), shrinking (an input that is cut off while it is read), killed
# (kill -9 of one rank, just before its file gets its name: the others end, the old file stays, the next run has the bits).
# STRIKE, for the last two: tests/support/strike.c
set -euo pipefail
if [[ "$4" == read_only && -z "${PODSCALE_OWN_MOUNTS:-}" ]]; then
  if ! unshare -m --propagation private mount -t tmpfs none /mnt 2>/dev/null; then
    echo "SKIPPED: a read-only file system needs root and a mount namespace of its own (unshare -m)"
    exit 77
  fi
  PODSCALE_OWN_MOUNTS=1 exec unshare -m --propagation private "$0" "$@"
fi
# shellcheck source=common.sh disable=SC2154
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "faults_$4"
cp -- "$study/tiny.nml" .
full="$study/out"
strike="${5:-}"
[[ -z "$strike" ]] || needs_library "$strike"
given=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set verify.picture_file=
  --set "output.basis_file=$full/basis.nc" --set "output.model_file=$full/model.h5" --set "output.product_file=$full/product.nc")
declare -A target=([ocean]=ocean.hr_file=ocean_hr.nc [basis]=output.basis_file=basis.nc [train]=output.model_file=model.h5
  [downscale]=output.product_file=product.nc [verify]=verify.scores_file=scores.nc)

case "$4" in
  read_only)
    mkdir frozen
    mount -t tmpfs none frozen
    cp "$full"/* frozen
    cp frozen/product.nc frozen/scores.nc
    mount -o remount,ro frozen
    for program in ocean basis train downscale verify; do
      for ranks in 1 2; do
        refuse 74 "Read-only file system" "$ranks" "$program" "${given[@]}" --set output.directory=frozen --set "${target[$program]}"
      done
    done
    umount frozen 2>/dev/null || umount --lazy frozen
    ;;
  shrinking)
    # At each process's read number N of the file, half of it goes: N from the header to beyond the last read.
    small=(--set output.directory=. --set grid.time_block=1)
    must 2 basis "${given[@]}" "${small[@]}" --set output.basis_file=whole.nc
    size="$(stat -c %s "$full/ocean_hr.nc")"
    within_data=0
    for ((at = 1; at <= 65536; at *= 4)); do
      cp "$full/ocean_hr.nc" shrinks.nc
      code=0
      struck halve read shrinks.nc "$at" ranks_of 2 basis "${given[@]}" "${small[@]}" \
        --set data.hr_files=shrinks.nc --set output.basis_file=b.nc >run.log 2>run.err || code=$?
      if ((code == 0)); then
        same_data b.nc whole.nc
        rm b.nc
      else
        [[ "$code" =~ ^(65|74)$ && "$(grep -c ' error: .*shrinks.nc' run.err)" == 1 ]] || failed "cut off at read $at: exit $code, expected 65 or 74 and one line"
        grep -q 'HDF5-DIAG\|PETSC ERROR' run.err && failed "words of a library"
        check "no basis" test ! -e b.nc
        cat run.err
        grep -q 'data.train = ' run.log && within_data=$((within_data + 1))
      fi
      no_temporaries .
      (($(stat -c %s shrinks.nc) != size)) || break
    done
    check "reads after the last were tried: $at" test "$(stat -c %s shrinks.nc)" = "$size"
    check "some runs saw it while they read data: $within_data" test "$within_data" -gt 0
    ;;
  killed)
    mkdir out
    for program in ocean basis train downscale verify; do
      key="${target[$program]}"
      file="out/${key#*=}"
      echo "the old file" >"$file"
      own=("${given[@]}" --set output.directory=out --set "$key" --set training.steps=2000)
      [[ "$program" != train ]] || own+=(--set training.resume=.false.)
      code=0
      rm -f struck
      STRIKE_NOTE="$PWD/struck" struck KILL unnamed "$(basename "$file")" 1 ranks_of 2 "$program" "${own[@]}" >run.log 2>run.err || code=$?
      check "podscale-$program: a run without one of its ranks does not end with 0" test "$code" != 0
      took=$(($(date +%s) - $(stat -c %Y struck)))
      check "podscale-$program: the others end within seconds: $took" test "$took" -lt $((30 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1}))
      check "podscale-$program: the old file is there" test "$(cat "$file")" = "the old file"
      rm "$file"
      # Most often it was killed before its first beat.
      beat="out/.$(basename "$file").heartbeat"
      [[ "$program" != verify ]] || beat=out/.scores.txt.heartbeat
      [[ -e "$beat" ]] || printf '{"host": "%s", "process": %s}\n' "$(hostname)" "$(sh -c 'echo $$')" >"$beat"
      own+=(--set training.steps=30)
      aloud 2 "$program" "${own[@]}"
      case "$program" in
        train) check "the model" h5diff --exclude-path /namelist "$file" "$full/model.h5" ;;
        verify) check "the scores" whole "$file" ;;
        *) same_data "$file" "$full/${key#*=}" ;;
      esac
      no_temporaries out
      check "podscale-$program: the heartbeat of the killed run is gone" test -z "$(compgen -G 'out/.*.heartbeat')"
    done
    ;;
esac
finish
