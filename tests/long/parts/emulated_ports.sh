#!/bin/bash
# builds: switchyard
# Every rank has a port of 0.1 GB/s each way, which a library loaded before MPI's emulates: an MPI_Alltoallv lasts as long as its
# busiest port needs, by sleeping. No bandwidth that `bench routing` prints exceeds the port, a skewed round trip fills it as a skewed
# dispatch does, `--tune` finds the port, a hot spot that moves costs what one that stays does, and rows that the library damages are found. Needs mpicc;
# about 2 minutes.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
cat >"$state/port.c" <<'EOC'
#define _GNU_SOURCE
#include <mpi.h>
#include <stdlib.h>
#include <time.h>
static long bytes_of(const int* counts, int me, int n, int size) {
  long bytes = 0;
  for (int i = 0; i < n; ++i) bytes += i == me ? 0 : (long)counts[i] * size;
  return bytes;
}
int MPI_Alltoallv(const void* in, const int* send, const int* from, MPI_Datatype type, void* out, const int* receive, const int* to,
                  MPI_Datatype out_type, MPI_Comm comm) {
  int n, me, size;
  MPI_Comm_size(comm, &n);
  MPI_Comm_rank(comm, &me);
  MPI_Type_size(type, &size);
  const long sent = bytes_of(send, me, n, size), received = bytes_of(receive, me, n, size), most = sent > received ? sent : received;
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  const int result = PMPI_Alltoallv(in, send, from, type, out, receive, to, out_type, comm);
  if (most < 20000) return result;
  if (getenv("DAMAGE") && me == 0 && received > atol(getenv("DAMAGE"))) ((char*)out)[(long)to[n - 1] * size + 2] ^= 1;
  end.tv_nsec += most * 10;  /* 0.1 GB/s */
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, 0);
  return result;
}
EOC
mpicc -shared -fPIC -o "$state/port.so" "$state/port.c" || exit 1

bench() {  # bench OPTIONS...: lines of "workload mode seconds_p50 busbw_node busbw_link wrong"
  mpi 4 -x LD_PRELOAD="$state/port.so" -x DAMAGE "$switchyard" bench routing --tokens 1024 --hidden 256 --csv "$@" 2>"$state/err" |
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
             { print $1, $2, $c["seconds_p50"], $c["busbw_node_GBps"], $c["busbw_link_GBps"], $c["wrong"] }'
  return "${PIPESTATUS[0]}"
}

bounds() {
  bench --exchange flat --workload balanced,hot_expert,rotating,hot_rank --mode dispatch,combine,round_trip --repeats 2 |
    tee "$state/rows" || return 1
  awk '{ if ($4 > 0.1001 || NF != 6 || $6 != 0) bad = 1; seconds[$1 " " $2] = $3; rate[$1 " " $2] = $4 }
       END { moving = seconds["rotating dispatch"] / seconds["hot_expert dispatch"]
             both_ways = rate["hot_rank round_trip"] / rate["hot_rank dispatch"]
             printf "rotating / hot_expert %.2f, hot_rank round trip / dispatch %.2f\n", moving, both_ways
             exit bad || NR != 12 || moving < 0.8 || moving > 1.25 || both_ways < 0.8 || both_ways > 1.25 }' "$state/rows"
}

pretended_nodes() {
  bench --workload hot_rank,hot_node --mode round_trip --repeats 2 --ranks-per-node 2 --exchange flat,hierarchical |
    tee "$state/rows" || return 1
  awk '{ if ($4 + $5 > 0.1001 || $5 <= 0 || NF != 6 || $6 != 0) exit 1 }' "$state/rows"
}

damage() {  # of large messages, which the first check has none of
  DAMAGE=800000 bench --exchange flat --workload balanced --mode round_trip --repeats 1 >"$state/rows"
  [ $? = 1 ] && grep -q "arrived with wrong bits" "$state/err"
}

# The tuner finds the port, and predicts rows that it did not measure. (Shared memory has no port.) Two ranks, so that each can have a
# core, and cases of at least 10 ms: on two busy cores, messages that last 1 ms took 6 ms with four ranks and up to 8 ms with two.
tuned() {
  mpi 2 -x LD_PRELOAD="$state/port.so" "$switchyard" bench routing --tune-site --seconds 100 --output "$state/here.toml" >"$state/tuned" 2>"$state/err"
  grep -E 'flat|held-out' "$state/tuned"
  cat "$state/here.toml"
  awk '$1 == "node_gb_per_s" && $3 > 0.085 && $3 < 0.115 { found = 1 } END { exit !found }' "$state/here.toml" &&
    awk '/round_trip flat/ && /%/ && $10 >= 10000 { n++; if (/!$/) bad++ } END { exit n < 5 || bad > 0 }' "$state/tuned"
}

step tuned tuned
step bounds bounds
step pretended_nodes pretended_nodes
step damage damage
