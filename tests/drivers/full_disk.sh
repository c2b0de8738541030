#!/usr/bin/env bash
# A disk that fills up, as a small tmpfs or ext4: whatever the moment, the run ends by itself with 74 and one line, or with 0 and a
# whole file; the file that was there stays until then, and nothing else is left.
#   full_disk.sh BIN LAUNCHER SCRATCH RANKS SYSTEM STRIKE     STRIKE: tests/support/strike.c
set -euo pipefail
if [[ -z "${PODSCALE_OWN_MOUNTS:-}" ]]; then
  if ! unshare -m --propagation private mount -t tmpfs none /mnt 2>/dev/null; then
    echo "SKIPPED: a small tmpfs needs root and a mount namespace of its own (unshare -m)"
    exit 77
  fi
  PODSCALE_OWN_MOUNTS=1 exec unshare -m --propagation private "$0" "$@"
fi
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "full_disk_$4_$5"
ranks="$4" system="$5" strike="$6"
needs_library "$strike"
sizes=(0 60 280 480 700 1000 8000)
if [[ "$system" == ext4 ]]; then
  # With its journal and its delayed allocation, but nothing kept back for root.
  sizes=(0 280 1000 8000)
  truncate -s 32M disk
  mkdir small
  if ! { mkfs.ext4 -q -F -m 0 disk && mount -o loop disk small; } 2>mount.err; then
    echo "SKIPPED: no ext4 in a file can be made here: $(head -n 1 mount.err)"
    exit 77
  fi
  umount small
  rmdir small
fi
cp -- "$study/tiny.nml" .
full="$study/out"
export PODSCALE_KEEP_SECONDS=0  # what is kept of a run that fails takes its room, too
mkdir small
given=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set output.directory=small
  --set "output.basis_file=$full/basis.nc" --set "output.model_file=$full/model.h5" --set "output.product_file=$full/product.nc"
  --set verify.picture_file=)
must 0 verify "${given[@]}" --set output.directory="$PWD"
cp -r "$full" old
mv scores.nc scores.txt old

# fill KIB PROGRAM KEY=FILE... [-- ARGUMENTS...]: a run whose outputs are those files, where they are already and KIB are free
fill() {
  local kib="$1" program="$2" key own=() files=() code=0 lines file
  shift 2
  for key; do
    shift
    [[ "$key" != -- ]] || break
    own+=(--set "$key")
    files+=("${key#*=}")
    [[ "$key" != output.product_file=* ]] || files+=(product.factors.nc)
  done
  if [[ "$system" == tmpfs ]]; then
    for file in "${files[@]}"; do kib=$((kib + ($(stat -c %s "old/$file") + 4095) / 4096 * 4)); done
    mount -t tmpfs -o size="${kib}k" none small
    for file in "${files[@]}"; do cp "old/$file" small/; done
  else
    # A new one each time: a rank that was ended may still hold the last.
    rm -f disk
    truncate -s 32M disk
    mkfs.ext4 -q -F -m 0 disk
    mount -o loop disk small
    for file in "${files[@]}"; do cp "old/$file" small/; done
    sync -f small
    head -c "$(($(stat -f -c '%a * %S' small) - kib * 1024))" /dev/zero >small/ballast 2>/dev/null || true
    sync -f small
  fi
  if [[ -n "${filler:-}" ]]; then
    # shellcheck disable=SC2086
    halted $filler ranks_of "$ranks" "$program" "${given[@]}" "${own[@]}" "$@"
    head -c 64M /dev/zero >small/filler 2>/dev/null || true
    goes_on
    cp halted.err run.err
    rm -f small/filler
  else
    ranks_of "$ranks" "$program" "${given[@]}" "${own[@]}" "$@" >run.log 2>run.err || code=$?
  fi
  lines="$(grep -c ' error: ' run.err || true)"
  codes+="$code "
  local what="$ranks ranks, $kib KiB, podscale-$program ${own[*]}: exit $code"
  if ! [[ "$code $lines" == "0 0" || "$code $lines" == "74 1" ]] || grep -qE 'HDF5-DIAG|PETSC ERROR|Segmentation' run.err; then
    failed "$what, $lines error lines"
    cat run.err
  fi
  for file in "${files[@]}"; do
    if ((code == 0)); then
      check "$what: $file is whole" whole "small/$file"
    else
      check "$what: $file is the old one" cmp "old/$file" "small/$file"
    fi
  done
  # What a run that has failed keeps for the next one, and the checkpoint before the last.
  local kept=(-false)
  ((code == 0)) || kept=(-path 'small/.*.part/*' -o -name '.*.previous')
  rm -f small/ballast
  check "$what: nothing else is left: $(ls -A small)" test "$(find small -type f ! \( "${kept[@]}" \) | wc -l)" = "${#files[@]}"
  umount small 2>/dev/null || umount --lazy small  # a rank that was ended may still be leaving
}

sweep() {  # sweep PROGRAM KEY=FILE...: from no room at all to enough
  local codes="" kib
  for kib in "${sizes[@]}"; do fill "$kib" "$@"; done
  echo "podscale-$*: $codes"
  check "podscale-$*: too full at first, with room at last" grep -qE '^74 74 .* 0 $' <<<"$codes"
}
codes=""
sweep ocean ocean.hr_file=ocean_hr.nc ocean.lr_file=ocean_lr.nc
sweep basis output.basis_file=basis.nc
sweep train output.model_file=model.h5
sweep downscale output.product_file=product.nc
sweep verify verify.scores_file=scores.nc verify.text_file=scores.txt

if [[ "$system" == ext4 ]]; then finish; exit; fi
# Another program fills the disk while a product is written: before its first block, and after some.
codes=""
for filler in "create .product.nc.*.tmp 1" "rename 00000000-* 1" "rename 00000009-* 1"; do
  fill 3000 downscale output.product_file=product.nc -- --set sampling.time_block=1
done
check "all see it: $codes" test "$codes" = "74 74 74 "
finish
