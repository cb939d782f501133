#!/bin/bash
# builds: switchyard
# Four hosts whose links carry 100 Mbit/s each way. A token with eight experts crosses to a host once by the hierarchical exchange:
# its dispatch takes less time than the flat one's by the factor of bytes. The pipelined exchange hides at least 70 % of the shorter
# of experts and transfer. docs/benchmarks.md has what was measured. Needs root; about 3 minutes.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/cluster/hosts.sh"
lab=$(mktemp -d /var/tmp/switchyard-hosts.XXXXXX)
trap 'hosts_down; rm -rf "$lab"' EXIT
mkdir "$lab/work" && cd "$lab/work" || exit 1
hosts_up 4 || exit 1
for host in node1 node2 node3 node4; do
  limit_link $host 100
  echo "$host slots=1"
done >hosts
cat >agent <<EOF
#!/bin/bash
# agent HOST COMMAND...: as \`ssh HOST COMMAND...\`
host=\$1
shift
exec nsenter --target "\$(cat "$lab/hosts/\$host.pid")" --net --uts --mount --pid --ipc --wdns="$PWD" -- bash -c "\$*"
EOF
chmod +x agent

# bench OPTIONS...: lines of "exchange seconds_p50 seconds_travel wire_bytes wrong", one rank on each host
bench() {
  on ctl mpirun --hostfile hosts -n 4 --mca plm rsh --mca plm_rsh_agent "$PWD/agent" --mca oob_tcp_if_include eth0,br0 \
    --mca btl_tcp_if_include eth0 --mca btl tcp,self --bind-to none -x OMPI_MCA_mpi_yield_when_idle \
    "$switchyard" bench routing --workload balanced --hidden 512 --repeats 1 --csv "$@" 2>log |
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
             { print $3, $column["seconds_p50"], $column["seconds_travel"], $column["wire_bytes"], $column["wrong"] }'
  [ "${PIPESTATUS[0]}" = 0 ] || { tail -5 log; return 1; }
}

fewer_bytes() {  # fewer_bytes MODE EXCHANGE: than the flat exchange's
  bench --mode "$1" --exchange "flat,$2" --top-k 8 --experts 32 --tokens 512 --iterations 5 | tee "$1" || return 1
  awk -v exchange="$2" '{ seconds[$1] = $2; bytes[$1] = $4; wrong += $5 }
       END { fewer = bytes["flat"] / bytes[exchange]; faster = seconds["flat"] / seconds[exchange]
             printf "bytes / %.2f, seconds / %.2f\n", fewer, faster
             exit !(NR == 2 && wrong == 0 && fewer > 2 && faster > 0.85 * fewer) }' "$1"
}

overlap() {
  bench --mode layer --exchange flat,pipelined --top-k 2 --experts 32 --tokens 1024 --expert-hidden "${1:-2048}" --chunks 8 \
    --iterations 5 | tee layer || return 1
  awk '{ seconds[$1] = $2; travel[$1] = $3; wrong += $5 }
       END { compute = seconds["flat"] - travel["flat"]
             shorter = compute < travel["flat"] ? compute : travel["flat"]
             hidden = (seconds["flat"] - seconds["pipelined"]) / shorter
             printf "travel %.3f s, the rest %.3f s: hidden %.2f of the shorter\n", travel["flat"], compute, hidden
             exit !(NR == 2 && wrong == 0 && hidden >= 0.7) }' layer
}

step dispatch fewer_bytes dispatch hierarchical
step overlap overlap
