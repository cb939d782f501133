# checks.sh: what the scenarios share. A scenario runs in a folder of its own ($scratch) with the cluster idle; it fails at
# the first check that does not hold.

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_tcp_if_include=eth0 OMP_NUM_THREADS=1
root=$(cd ../.. && pwd)
data=$lab/data

say() { printf '  %3d s  %s\n' $((SECONDS - began)) "$*"; }
check() {  # check WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then
    say "$what"
    return
  fi
  say "does not hold: $what"
  tail -n 20 "$scratch"/run*/submit/*.log 2>/dev/null
  exit 1
}

make_corpus() {  # and the run that everything is compared with
  mkdir -p "$lab/work"
  for i in $(seq 80); do
    echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)); $((i % 7)) is what 7 leaves of it.\"}"
  done >"$lab/corpus.jsonl"
  "$switchyard" prepare "$lab/corpus.jsonl" --output "$data" >"$lab/log/prepare" 2>&1 || { cat "$lab/log/prepare"; return 1; }
}

# config NAME STEPS [KEY=VALUE...]: NAME.toml for a run in the folder NAME.
config() {
  local name=$1 steps=$2
  shift 2
  sed -e "s|^directory = .*|directory = \"$scratch/$name\"|" -e "s|^steps = .*|steps = $steps|" \
    -e "s|^checkpoint_every = .*|checkpoint_every = 20|" -e "s|^sequence_length|dataset = \"$data\"\nsequence_length|" \
    "$root/examples/tiny.toml" >"$name.toml"
}
# whole_hash STEPS: of a run of so many steps that nothing interrupted, made once.
whole_hash() {
  local hash=$lab/whole-$1.hash
  if [ ! -s "$hash" ]; then
    config "whole-$1" "$1"
    mpirun --oversubscribe --bind-to none -n 2 "$switchyard" train "whole-$1.toml" >"$lab/log/whole-$1" 2>&1 &&
      "$switchyard" checkpoint hash "$scratch/whole-$1" | cut -d' ' -f1 >"$hash"
  fi
  cat "$hash"
}
hash_of() { "$switchyard" checkpoint hash "$1" 2>/dev/null | cut -d' ' -f1; }
verifies() { "$switchyard" checkpoint verify "$1" >/dev/null; }  # every checkpoint of the run
same_weights() { [ "$(hash_of "$1")" = "$(whole_hash "$2")" ]; }

submit() { slurm "$switchyard" submit "$@" 2>>"$scratch/submit.err"; }
state_is() { grep -q "\"status\": \"$2\"" "$1/state.json" 2>/dev/null; }
step_is() { [ "$(grep -o '"step":[0-9]*' "$1/metrics.jsonl" 2>/dev/null | tail -1 | cut -d: -f2)" -ge "$2" ] 2>/dev/null; }
was_requeued() { [ "$(job_field "$1" Restarts)" -ge 1 ]; }
ranks_on() { pids_on "$1" -f "^$switchyard train "; }  # without the supervisor

empty_queue() {  # a supervisor that is cancelled may submit the next link
  slurm scancel --full --signal=KILL --user=root >/dev/null 2>&1
  slurm scancel --user=root >/dev/null 2>&1
  [ -z "$(slurm squeue --noheader --states=PENDING,RUNNING 2>/dev/null)" ]
}
# Back to four idle nodes, whatever a scenario did to them.
restore_cluster() {
  local host
  wait_for 60 "an empty queue" empty_queue
  for host in node1 node2 node3 node4; do
    if [ ! -e "$lab/hosts/$host.pid" ]; then boot_host "$host" && start_slurmd "$host"; fi
    heal_link "$host"
    free_link "$host"
    keep_packets "$host"
    thaw_host "$host"
    kill -0 "$(cat "$lab/run/slurmd-$host.outer")" 2>/dev/null || start_slurmd "$host"
    slurm scontrol update nodename="$host" state=resume >/dev/null 2>&1
  done
  wait_for 60 "four idle nodes" nodes_idle 4
}
