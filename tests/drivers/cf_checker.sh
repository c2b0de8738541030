#!/usr/bin/env bash
# What others say of the files: the IOOS compliance checker by CF 1.8 and ACDD 1.3, and cfchecks.
# Their virtual environment is made once, below SCRATCH.
#   cf_checker.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" cf_checker
venv="$scratch/cf_venv"
if [[ ! -x "$venv/bin/compliance-checker" || ! -x "$venv/bin/cfchecks" ]]; then
  rm -rf -- "$venv"
  if ! { python3 -m venv "$venv" &&
    timeout "$limit" "$venv/bin/pip" install -q --retries 1 compliance-checker==6.1.0 cfchecker==4.1.0; } >pip.log 2>&1; then
    rm -rf -- "$venv"
    echo "skipped: no compliance-checker or cfchecker: $(tail -n 1 pip.log)"
    exit 77
  fi
fi
# cfchecks would fetch its tables: the names come with the other checker, and area types and regions
# of the standard are not in our files.
names="$(echo "$venv"/lib/python3*/site-packages/compliance_checker/data/cf-standard-name-table.xml)"
for table in area_type_table standardized_region_names; do
  echo "<?xml version=\"1.0\"?><$table><version_number>1</version_number><date>2020-01-01</date></$table>" >"$table.xml"
done

# Attributes that only the user knows are given, as a user would.
check "a product and GHRSST files" must 2 downscale "$study/tiny.nml" --set "output.directory=$PWD" --set "data.lr_files=$study/out/ocean_lr.nc" \
  --set "output.basis_file=$study/out/basis.nc" --set "output.model_file=$study/out/model.h5" --set output.format=ghrsst \
  --set output.write_factors=.false. --set output.interval=0.9 --set "output.attributes='license=CC BY 4.0',\
'creator_name=A','creator_url=https://a.org','creator_email=a@a.org','publisher_name=A','publisher_url=https://a.org',\
'publisher_email=a@a.org','naming_authority=org.a','id=a','project=p','acknowledgment=none','comment=c','institution=I'"
# Runs of a forecast that overlap, of two realizations; and one run.
check "forecasts" must 1 ocean "$study/tiny.nml" --set "output.directory=$PWD" --set "ocean.forecast_file='runs_YYYYMMDD.nc'" \
  --set "ocean.forecast_from='2000-11-01'" --set ocean.forecast_every=3 --set ocean.forecast_days=5 --set ocean.forecast_members=2
for runs in '*' 20001104; do
  # Their errors go beyond what the training period knows, and that is said.
  check "products of forecasts" ranks_of 1 downscale "$study/tiny.nml" --set "output.directory=$PWD" --set "data.lr_files='runs_$runs.nc'" \
    --set "output.basis_file=$study/out/basis.nc" --set "sampling.uncertainty='base'" --set output.spread=.true. \
    --set output.write_factors=.false. --set "output.product_file='of_${runs/\*/all}.nc'" >run.log 2>&1
done
ghrsst=([0-9]*-PODSCALE-L4_GHRSST-SSTfnd-podscale-v02.1-fv01.0.nc)

# complaints_of STANDARD FILE CRITERIA: what the compliance checker asks for.
complaints_of() {
  local code=0
  timeout "$limit" "$venv/bin/compliance-checker" -t "$1" -c "$3" "$2" >report.log 2>&1 || code=$?
  grep -q "$1" report.log || failed "$(basename "$2"), exit $code: no report by $1: $(tail -n 3 report.log)"
  # Of CF: "realization" is a standard name, which CF 1.8 (7.3) allows in cell_methods without a
  # dimension; the checker knows dimensions only. Of ACDD: these fields have no vertical extent, one
  # time has no resolution, and a variance has no standard name. Of runs that overlap: run and lead stand
  # where time does, of which CF recommends an order and the checker takes the first alone for time; a
  # time along both has a begin and an end, no polygon; and of leads that no run has bounds are missing.
  local runs=()
  [[ "$2" != of_all.nc ]] || runs=(-e "not in the recommended order" -e "must have at least 3 elements" -e "'time_bnds' should not have")
  grep -E '^\*|^variable' report.log |
    grep -v -e "cell_methods name component realization does not match" -e geospatial_vertical -e bounds_vertical_crs "${runs[@]}" || true
}
for file in product.nc "$study/out/product.nc" "$study/bounded/product.nc" "$study/out/ocean_hr.nc" "$study/out/ocean_lr.nc" \
  "${ghrsst[0]}" of_all.nc of_20001104.nc runs_20001104.nc; do
  complaints="$(complaints_of cf:1.8 "$file" strict)"
  [[ -z "$complaints" ]] || failed "$(basename "$file"), CF 1.8: $complaints"
  code=0
  timeout "$limit" "$venv/bin/cfchecks" -v 1.8 -s "$names" -a area_type_table.xml -r standardized_region_names.xml "$file" \
    >report.log 2>&1 || code=$?
  runs=()
  [[ "$file" != of_all.nc ]] || runs=(-e 'time_bnds should not have _FillValue')  # as above
  complaints="$(grep -E '^(ERROR|WARN):' report.log | grep -v -e 'should have bounds or climatology' "${runs[@]}" || true)"
  if ! grep -q '^ERRORS detected: 0' report.log || [[ -n "$complaints" ]]; then
    failed "$(basename "$file"), cfchecks, exit $code: $complaints $(tail -n 3 report.log)"
  fi
done
for file in product.nc "${ghrsst[0]}"; do
  complaints="$(complaints_of acdd:1.3 "$file" normal | grep -v -e '^variable' -e '^\* standard_name' -e time_coverage_resolution || true)"
  [[ -z "$complaints" ]] || failed "$(basename "$file"), ACDD 1.3: $complaints"
done

# The values of a GHRSST file are those of the product, to half of what its types hold.
/usr/bin/python3 "$here/judge_ghrsst.py" product.nc "${ghrsst[@]}" || failed "GHRSST values"
finish
