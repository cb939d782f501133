# hosts.sh: hosts on one machine, for scripts that source it. A host is one process that holds network, host name, mount,
# process and IPC namespaces of its own, plugged by a veth pair into a bridge that lives in the host `ctl`: nothing appears
# in the machine's own network, and killing the holder is a power cut. Needs root, util-linux, iproute2 and procps.
# $lab is the folder for its state, outside /tmp and /dev/shm, which every host has for itself.

subnet=10.77.0

host_pid() { cat "$lab/hosts/$1.pid"; }
host_address() { case $1 in ctl) echo $subnet.1 ;; *) echo "$subnet.$((10 + ${1#node}))" ;; esac; }

# `ctl` stays in the machine's process namespace: from there the holders of the others can be entered.
pid_namespace() { [ "$1" = ctl ] || echo "$2"; }

# on HOST COMMAND...: runs it there, in this folder.
on() {
  local host=$1
  shift
  nsenter --target "$(host_pid "$host")" --net --uts --mount $(pid_namespace "$host" --pid) --ipc --wdns="$PWD" -- "$@"
}
ctl_ip() { nsenter --target "$(host_pid ctl)" --net ip "$@"; }

boot_host() {  # boot_host HOST: plugged in, unless it is ctl
  local host=$1 holder
  rm -f "$lab/hosts/$host.up"
  setsid unshare --net --uts --mount $(pid_namespace "$host" "--pid --mount-proc") --ipc --fork --kill-child -- bash -c '
    hostname "$1"
    ip link set lo up
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mount --bind "$2/names" /etc/hosts
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    touch "$2/hosts/$1.up"
    sleep infinity &
    while :; do wait; done' holder "$host" "$lab" </dev/null >/dev/null 2>&1 &
  holder=$!
  disown  # its end is nobody's business
  wait_for 10 "host $host" test -e "$lab/hosts/$host.up"
  pgrep -P "$holder" >"$lab/hosts/$host.pid"
  [ "$host" = ctl ] || plug "$host"
}

plug() {
  local host=$1 enter="nsenter --target $(host_pid "$1") --net"
  ctl_ip link add "v-$host" type veth peer name eth0 netns "$(host_pid "$host")"
  ctl_ip link set "v-$host" master br0 up
  $enter ip addr add "$(host_address "$host")/24" dev eth0
  $enter ip link set eth0 up
}

hosts_up() {  # hosts_up N
  mkdir -p "$lab/hosts"
  { echo "127.0.0.1 localhost"; for host in ctl $(seq -f node%g "$1"); do echo "$(host_address "$host") $host"; done; } >"$lab/names"
  boot_host ctl
  ctl_ip link add br0 type bridge
  ctl_ip addr add $subnet.1/24 dev br0
  ctl_ip link set br0 up
  for host in $(seq -f node%g "$1"); do boot_host "$host"; done
}

hosts_down() {
  local file pid
  if [ -e "$lab/hosts/ctl.pid" ]; then  # what runs in ctl is in the machine's process namespace
    for pid in $(pgrep --ns "$(host_pid ctl)" --nslist net); do [ "$pid" = "$(host_pid ctl)" ] || kill -9 "$pid" 2>/dev/null; done
  fi
  for file in "$lab"/hosts/*.pid; do
    [ -e "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
    rm -f "$file"
  done
  return 0
}

# Faults. A cut link brings no reset: the peers hear silence.
cut_link() { ctl_ip link set "v-$1" down; }
heal_link() { ctl_ip link set "v-$1" up; }
power_off() {  # the link first, so that no farewell escapes
  ctl_ip link del "v-$1"
  kill -9 "$(host_pid "$1")"
  rm -f "$lab/hosts/$1.pid"
}
freeze_host() { signal_host STOP "$1"; }  # every process; the kernel goes on acknowledging
thaw_host() { signal_host CONT "$1"; }
signal_host() { for pid in $(pgrep --ns "$(host_pid "$2")" --nslist pid); do kill -"$1" "$pid" 2>/dev/null; done; return 0; }
limit_link() {  # limit_link HOST MBIT, both ways
  ctl_tc() { nsenter --target "$(host_pid ctl)" --net tc "$@"; }
  ctl_tc qdisc replace dev "v-$1" root tbf rate "$2mbit" burst 256kb latency 50ms
  nsenter --target "$(host_pid "$1")" --net tc qdisc replace dev eth0 root tbf rate "$2mbit" burst 256kb latency 50ms
}
free_link() {  # free_link HOST: of its limit
  nsenter --target "$(host_pid ctl)" --net tc qdisc del dev "v-$1" root 2>/dev/null
  nsenter --target "$(host_pid "$1")" --net tc qdisc del dev eth0 root 2>/dev/null
}
host_nft() { nsenter --target "$(host_pid "$1")" --net nft "${@:2}"; }
lose_packets() {  # lose_packets HOST PERCENT, at random, each way
  local way
  host_nft "$1" add table ip loss
  for way in input output; do
    host_nft "$1" add chain ip loss $way "{ type filter hook $way priority 0 ; }"
    host_nft "$1" add rule ip loss $way meta "$([ $way = input ] && echo iifname || echo oifname)" eth0 numgen random mod 100 "<" "$2" counter drop
  done
}
lost_packets() { host_nft "$1" list table ip loss | grep -oP 'packets \K[0-9]+' | awk "{ n += \$1 } END { print n + 0 }"; }
keep_packets() { host_nft "$1" delete table ip loss 2>/dev/null; }

# pids_on HOST ARGUMENTS...: this machine's numbers of what pgrep finds there.
pids_on() { pgrep --ns "$(host_pid "$1")" --nslist pid "${@:2}"; }

wait_for() {  # wait_for SECONDS WHAT COMMAND...: until the command succeeds; on a busy machine $SWITCHYARD_SLACK times as long
  local limit=$(($1 * ${SWITCHYARD_SLACK:-1})) what=$2 end
  end=$((SECONDS + limit))
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || { echo "$what: not within $limit s" >&2; return 1; }
    sleep 0.1
  done
}
