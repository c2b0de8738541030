# shellcheck shell=bash
# Sourced by the job scripts. Open MPI on one machine: also as root and in a container, more ranks
# than cores, no binding (ranks would share a core). Each can be set otherwise from outside. The
# programs choose the component for MPI-IO themselves (doc/layout.md, speed traps). Open MPI 5 has
# other names for three of them; each version passes over those of the other.
export OMPI_ALLOW_RUN_AS_ROOT="${OMPI_ALLOW_RUN_AS_ROOT:-1}"
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-1}"
export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism:-none}"
export PRTE_MCA_rmaps_default_mapping_policy="${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}"
export PRTE_MCA_hwloc_default_binding_policy="${PRTE_MCA_hwloc_default_binding_policy:-none}"
export OMPI_MCA_smsc="${OMPI_MCA_smsc:-^cma}"
# On one machine TCP carries nothing, and version 5 complains of IPv6 addresses that it cannot pair.
if [[ -z "${SLURM_JOB_ID:-}${PBS_NODEFILE:-}" ]]; then
  export OMPI_MCA_btl_tcp_disable_family="${OMPI_MCA_btl_tcp_disable_family:-6}"
fi
# Ranks cannot see whether mpirun writes to a terminal.
if [[ -t 1 ]]; then export PODSCALE_PROGRESS="${PODSCALE_PROGRESS:-bar}"; fi
