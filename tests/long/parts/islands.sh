#!/bin/bash
# builds: switchyard
# Two islands, a host and a core each, whose link carries 100 Mbit/s each way: with their exchange behind 20 of 100 steps they
# keep 95 % of the tokens/s that they have without the limit, and hide 70 % of the exchange. One run over the same link, without
# islands, shows what they are for. docs/islands.md has what was measured. Needs root and two cores; about 6 minutes.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/cluster/hosts.sh"
lab=$(mktemp -d /var/tmp/switchyard-hosts.XXXXXX)
trap 'hosts_down; rm -rf "$lab"' EXIT
mkdir "$lab/work" && cd "$lab/work" || exit 1
hosts_up 2 || exit 1
printf 'node1 slots=1\nnode2 slots=1\n' >hosts
cat >agent <<END
#!/bin/bash
# agent HOST COMMAND...: as \`ssh HOST COMMAND...\`
host=\$1
shift
exec nsenter --target "\$(cat "$lab/hosts/\$host.pid")" --net --uts --mount --pid --ipc --wdns="$PWD" -- bash -c "\$*"
END
chmod +x agent
for i in $(seq 2000); do
  echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)); $((i % 7)) is what 7 leaves of it.\"}"
done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data >log 2>&1 || { cat log; exit 1; }

train() {  # train NAME STEPS ARGUMENTS...: on one core of each host
  local name=$1 steps=$2
  shift 2
  rm -rf "$name"
  on ctl mpirun --hostfile hosts -n 2 --mca plm rsh --mca plm_rsh_agent "$PWD/agent" --mca oob_tcp_if_include eth0,br0 \
    --mca btl_tcp_if_include eth0 --mca btl tcp,self --bind-to none -x OMPI_MCA_mpi_yield_when_idle \
    "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$name" --set run.threads=1 \
    --set train.steps="$steps" --set model.hidden=192 --set model.expert_hidden=384 --set train.global_batch_size=32 \
    --set data.sequence_length=128 --set train.checkpoint_every=0 --set guard.compare_every=0 "$@" >log 2>&1 ||
    { tail -5 log; return 1; }
}
# tokens/s from the end of step 100 on, and the seconds in which an exchange was waited for.
speed() {
  sed -nE 's/.*"kind":"step".*"step":([0-9]+),.*"tokens":([0-9]+),.*"time":([0-9.]+).*/\1 \2 \3/p' "$1/metrics.jsonl" |
    awk '$1 == 100 { begin = $3 } $1 > 100 { tokens += $2; end = $3 } END { printf "%.0f", tokens / (end - begin) }'
}
waited() { sed -nE 's/.*"waited":([0-9.e-]+).*/\1/p' "$1/metrics.jsonl" | head -n -1 | awk '{ s += $1 } END { print s / NR }'; }

median() { awk "{ print $1 }" "$state/figures" | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

islands=(--set islands.count=2 --set islands.sync_every=100)
compare() {
  local round free limited inline
  for round in $(seq "${ROUNDS:-3}"); do
    free_link node1 && free_link node2
    train free 210 "${islands[@]}" --set islands.overlap_steps=20 || return 1
    for host in node1 node2; do limit_link $host 100; done
    train limited 210 "${islands[@]}" --set islands.overlap_steps=20 || return 1
    train inline 210 "${islands[@]}" || return 1
    echo "$(speed free) $(speed limited) $(speed inline) $(waited limited) $(waited inline)" | tee -a "$state/figures"
  done
  train plain 24 || return 1
  sed -nE 's/.*"kind":"step".*"tokens_per_second":([0-9.]+).*/\1/p' plain/metrics.jsonl | tail -n 12 | sort -n | sed -n 6p |
    sed 's/^/without islands, tokens\/s: /'
  printf 'kept %s, hidden %s (medians)\n' "$(median '$2 / $1')" "$(median '1 - $4 / $5')" | tee "$state/medians"
  awk '{ exit !($2 >= 0.95 && $4 >= 0.7) }' "$state/medians"
}
step compare compare
