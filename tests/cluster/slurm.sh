# slurm.sh: a Slurm cluster of the distribution's packages on the hosts of hosts.sh, for scripts that source both. No
# systemd, no cgroups, nothing in /etc: one munged of its own serves all hosts, as a UNIX socket passes network namespaces.

slurm_conf() {  # slurm_conf N
  cat <<CONF
ClusterName=lab
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$lab/run/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=$lab/state
SlurmdSpoolDir=$lab/spool/%n
SlurmctldPidFile=$lab/run/slurmctld.pid
SlurmdPidFile=$lab/run/slurmd-%n.pid
SlurmctldLogFile=$lab/log/slurmctld.log
SlurmdLogFile=$lab/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=0,batch_sched_delay=0,sched_interval=3
MpiDefault=pmix
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
KillWait=3
BatchStartTimeout=10
MessageTimeout=5
TCPTimeout=2
JobRequeue=1
CompleteWait=0
DebugFlags=NO_CONF_HASH
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldHost=ctl($subnet.1)
SlurmctldPort=6817
${slurm_extra:-}
$(for i in $(seq "$1"); do
    echo "NodeName=node$i NodeHostname=node$i NodeAddr=$(host_address node$i) Port=6818 CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000"
  done)
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=9
CONF
}

start_munged() {
  (umask 077; head -c 128 /dev/urandom >"$lab/etc/munge.key")
  setsid munged --foreground --force --key-file="$lab/etc/munge.key" --socket="$lab/run/munge.sock" \
    --pid-file="$lab/run/munged.pid" --log-file="$lab/log/munged.log" --seed-file="$lab/run/munge.seed" --num-threads=2 \
    </dev/null >/dev/null 2>"$lab/log/munged.err" &
  echo $! >"$lab/run/munged.outer"
  disown
  wait_for 10 munged munge -S "$lab/run/munge.sock" -n >/dev/null 2>&1
}

start_slurmd() {  # start_slurmd HOST
  mkdir -p "$lab/spool/$1"
  SLURM_CONF=$lab/etc/slurm.conf setsid nsenter --target "$(host_pid "$1")" --net --uts --mount --pid --ipc -- \
    slurmd -D -N "$1" </dev/null >>"$lab/log/slurmd-$1.out" 2>&1 &
  echo $! >"$lab/run/slurmd-$1.outer"
  disown
}
kill_slurmd() { kill_tree 9 "$(cat "$lab/run/slurmd-$1.outer")"; }

kill_tree() { for pid in $(pgrep -P "$2") "$2"; do kill "-$1" "$pid" 2>/dev/null; done; return 0; }

slurm() { SLURM_CONF=$lab/etc/slurm.conf on ctl "$@"; }  # slurm COMMAND...: as on the cluster's login node
nodes_idle() { [ "$(slurm sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | sort -u | wc -l)" = "$1" ]; }

cluster_up() {  # cluster_up N: returns when all nodes are idle
  mkdir -p "$lab"/{etc,state,log,run,spool}
  chmod 755 "$lab" "$lab"/{etc,run}
  slurm_conf "$1" >"$lab/etc/slurm.conf"
  echo CgroupAutomount=no >"$lab/etc/cgroup.conf"
  start_munged && hosts_up "$1" || return 1
  SLURM_CONF=$lab/etc/slurm.conf setsid nsenter --target "$(host_pid ctl)" --net --uts --mount --ipc -- \
    slurmctld -D -c </dev/null >>"$lab/log/slurmctld.out" 2>&1 &
  echo $! >"$lab/run/slurmctld.outer"
  disown
  for host in $(seq -f node%g "$1"); do start_slurmd "$host"; done
  wait_for 30 "all nodes idle" nodes_idle "$1" || { tail -20 "$lab/log/slurmctld.log" >&2; return 1; }
}

cluster_down() {  # by the numbers it started, never by name
  local file
  for signal in TERM KILL; do
    for file in "$lab"/run/*.outer; do [ -e "$file" ] && kill_tree $signal "$(cat "$file")"; done
    sleep 0.5
  done
  rm -f "$lab"/run/*.outer
  hosts_down
}

job_state() { slurm squeue --noheader --jobs="$1" --states=all --format=%T 2>/dev/null; }
job_is() { [[ $(job_state "$1") =~ ^($2)$ ]]; }
job_field() { slurm scontrol show job "$1" | grep -oP "\b$2=\K\S+"; }
