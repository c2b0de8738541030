# shellcheck shell=bash disable=SC2034
# Sourced by the scripts that run or submit a study.
#   read_steps BIN NAMELIST [--set group.key=value]...   $steps becomes the list of its programs: those of
#       PODSCALE_STEPS ("basis train downscale verify"), without train where sampling.uncertainty = 'base'.
#       Not 0: the namelist cannot be read
read_steps() {
  local uncertainty step wanted
  uncertainty="$("$1/podscale-downscale" "${@:2}" --print-value sampling.uncertainty)" || return
  read -r -a wanted <<<"${PODSCALE_STEPS:-basis train downscale verify}"
  steps=()
  for step in "${wanted[@]}"; do
    if [[ "$step" != train || "$uncertainty" != "'base'" ]]; then steps+=("$step"); fi
  done
}
