#!/bin/bash
# builds: switchyard
# Four ranks, a host each, whose links carry 2.5 Gbit/s and whose processors give each 45 % of a core, so that a rank waits for the
# busiest one as on a cluster. Skewed routing with router.balance_step off, auto and always, and with train.placement_every;
# even routing shows what it costs where it does not pay. docs/performance.md has what was measured. Goals: 1.3 x the tokens/s at
# 2.5 times the mean load, 0.98 x with even routing. Needs root, two cores and a writable cgroup; about 30 minutes
# ($ROUNDS and $WORKLOADS make it shorter).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/cluster/hosts.sh"
lab=$(mktemp -d /var/tmp/switchyard-hosts.XXXXXX)
groups=/sys/fs/cgroup
[ -e $groups/cgroup.controllers ] || groups=/sys/fs/cgroup/cpu
tidy() {
  hosts_down
  rm -rf "$lab"
  for group in "$groups"/switchyard-balance-*; do [ -d "$group" ] && rmdir "$group"; done
}
trap tidy EXIT
mkdir "$lab/work" && cd "$lab/work" || exit 1
hosts_up 4 || exit 1
printf 'node%d slots=1\n' 1 2 3 4 >hosts
cat >agent <<END
#!/bin/bash
# agent HOST COMMAND...: as \`ssh HOST COMMAND...\`
host=\$1
shift
exec nsenter --target "\$(cat "$lab/hosts/\$host.pid")" --net --uts --mount --pid --ipc --wdns="$PWD" -- bash -c "\$*"
END
for rank in 0 1 2 3; do  # 9 of each 20 ms
  group=$groups/switchyard-balance-$rank
  mkdir -p "$group" || exit 1
  if [ -e "$group/cpu.max" ]; then
    echo "9000 20000" >"$group/cpu.max"
  else
    { echo 20000 >"$group/cpu.cfs_period_us" && echo 9000 >"$group/cpu.cfs_quota_us"; } || exit 1
  fi
done
cat >limited <<END
#!/bin/bash
# limited RANK PID: moves a process of another process namespace, by this machine's number
echo "\$2" >"$groups/switchyard-balance-\$1/cgroup.procs"
END
chmod +x agent limited
for i in $(seq 3000); do
  echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)); $((i % 7)) is what 7 leaves of it.\"}"
done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data --tokenizer sentencepiece:400 >log 2>&1 || { cat log; exit 1; }
cat >run.toml <<'END'
[data]
dataset = "data"
sequence_length = 256
[model]
hidden = 256
num_layers = 3
num_heads = 4
num_kv_heads = 2
head_dim = 64
num_experts = 8
expert_hidden = 1024
[router]
top_k = 1
[train]
steps = 6
warmup_steps = 2
global_batch_size = 64
micro_batch_size = 16
checkpoint_every = 0
END

# Puts the ranks into their groups as soon as they are there.
limit_ranks() {
  local rank pid
  for rank in 0 1 2 3; do
    until pid=$(pids_on "node$((rank + 1))" -f "^$switchyard train" | head -1) && [ -n "$pid" ]; do sleep 0.05; done
    ./limited $rank "$pid"
  done
}
train() {  # train NAME ARGUMENTS...
  local name=$1
  shift
  rm -rf "$name"
  limit_ranks &
  on ctl mpirun --hostfile hosts -n 4 --mca plm rsh --mca plm_rsh_agent "$PWD/agent" --mca oob_tcp_if_include eth0,br0 \
    --mca btl_tcp_if_include eth0 --mca btl tcp,self --bind-to none -x OMPI_MCA_mpi_yield_when_idle \
    "$switchyard" train run.toml --set run.directory="$name" --set run.threads=1 --set guard.compare_every=0 "$@" >log 2>&1 ||
    { tail -5 log; return 1; }
  wait
}
# Median tokens/s after the third step, and the balance in the last.
figures() {
  sed -nE 's/.*"kind":"step".*"tokens_per_second":([0-9.]+).*/\1/p' "$1/metrics.jsonl" | tail -n +4 | sort -g | awk '{ a[NR] = $1 } END { printf "%.0f", a[int((NR + 1) / 2)] }'
}
balances() { sed -nE 's/.*"guests":\{"copies":([0-9]+),"balance_before":([0-9.]+),"balance":([0-9.]+).*/\2 \3 \1/p' "$1/metrics.jsonl" | tail -n 1; }

median() { awk "{ print $1 }" "$2" | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

workloads=${WORKLOADS:-force=hot_expert force=rotating force=zipf force=balanced replay=choices}
compare() {
  local host round workload
  for host in node1 node2 node3 node4; do limit_link $host 2500; done
  train recorded --set router.record=choices || return 1
  for round in $(seq "${ROUNDS:-3}"); do
    for workload in $workloads; do
      train off --set router.$workload || return 1
      train auto --set router.$workload --set router.balance_step=auto || return 1
      train always --set router.$workload --set router.balance_step=always || return 1
      train placed --set router.$workload --set train.placement_every=2 --set router.extra_copies=4 || return 1
      echo "$(figures off) $(figures auto) $(figures always) $(figures placed) ($(balances always))" | tee -a "$state/${workload#*=}"
    done
  done
  for workload in $workloads; do
    workload=${workload#*=}
    echo "$workload: auto $(median '$2 / $1' "$state/$workload"), always $(median '$3 / $1' "$state/$workload"), placement $(median '$4 / $1' "$state/$workload")"
  done | tee "$state/medians"
  awk '$1 == "rotating:" && $3 + 0 < 1.3 || $1 == "balanced:" && $3 + 0 < 0.98 { exit 1 }' "$state/medians"
}
step compare compare
