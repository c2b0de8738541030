# shellcheck shell=bash
# Sourced: a cluster of Slurm on this machine alone, of Debian's packages, without systemd.
#   start_cluster   munged, slurmctld and slurmd on loopback; says why and returns 1 where that fails
#   stop_cluster    by their pid files; also where the calling script is killed
cluster=''
start_cluster() {
  local program host port=$((20000 + RANDOM % 20000))
  for program in munged slurmctld slurmd sbatch srun scontrol scancel squeue pgrep; do
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || {
      echo "no $program: apt-get install slurmctld slurmd slurm-client munge procps"
      return 1
    }
  done
  ((EUID == 0)) || {
    echo "the daemons want root"
    return 1
  }
  export PATH="$PATH:/usr/sbin"
  host="$(hostname -s)"
  cluster="$(mktemp -d /tmp/podscale-slurm.XXXXXX)" # short: paths of sockets are
  mkdir "$cluster/state" "$cluster/spool"
  head -c 1024 /dev/urandom >"$cluster/munge.key"
  chmod 600 "$cluster/munge.key"
  # A job that was put back waits until the credential of its last start is over: two minutes by default.
  cat >"$cluster/slurm.conf" <<CONF
ClusterName=podscale
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0,sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=20
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
CONF
  export SLURM_CONF="$cluster/slurm.conf"
  # CTest kills a test whose time is over: nobody else ends the daemons then.
  # shellcheck disable=SC2016  # words of another shell
  setsid -f bash -c 'while [[ -d "$1" ]] && kill -0 "$2"; do sleep 1; done; source "$0"; cluster="$1"; stop_cluster' \
    "${BASH_SOURCE[0]}" "$cluster" "$$" </dev/null >/dev/null 2>&1
  munged --force --socket="$cluster/munge.socket" --key-file="$cluster/munge.key" --pid-file="$cluster/munged.pid" \
    --log-file="$cluster/munged.log" --seed-file="$cluster/munged.seed" >"$cluster/start.log" 2>&1 &&
    slurmctld -i >>"$cluster/start.log" 2>&1 && slurmd -N "$host" >>"$cluster/start.log" 2>&1
  for ((SECONDS = 0; SECONDS < 20;)); do
    [[ "$(timeout 5 sinfo -h -o %t 2>/dev/null)" == idle ]] && return 0
    sleep 0.1
  done
  echo "the daemons did not come up on $host: $(tail -n 3 "$cluster"/*.log 2>/dev/null | tr '\n' ' ')"
  stop_cluster
  return 1
}
stop_cluster() {
  [[ -d "$cluster" ]] || return 0
  timeout 10 scancel --me --signal=KILL --full 2>/dev/null
  timeout 10 scancel --me 2>/dev/null
  for ((SECONDS = 0; SECONDS < 10;)); do # slurmd ends the jobs
    [[ -n "$(timeout 5 squeue -h -t R,CG 2>/dev/null)" ]] || break
    sleep 0.1
  done
  local name pid
  for name in slurmd slurmctld munged; do
    pid="$(cat "$cluster/$name.pid" 2>/dev/null)" || continue
    kill "$pid" 2>/dev/null
    for ((SECONDS = 0; SECONDS < 10;)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
    kill -KILL "$pid" 2>/dev/null
  done
  rm -rf -- "$cluster"
  cluster=''
}
