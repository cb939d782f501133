# mpirun with a host file, from a machine of its own, over an agent in place of ssh; and doctor by the same launcher.
cat >agent <<S
#!/bin/bash
# agent HOST COMMAND...: as \`ssh HOST COMMAND...\`
host=\$1
shift
exec nsenter --target "\$(cat "$lab/hosts/\$host.pid")" --net --uts --mount --pid --ipc --wdns="$scratch" -- bash -c "\$*"
S
chmod +x agent
printf 'node1 slots=2\nnode2 slots=1\nnode3 slots=1\n' >hosts
launcher=(mpirun --hostfile hosts --mca plm rsh --mca plm_rsh_agent "$scratch/agent" --mca oob_tcp_if_include eth0,br0 --bind-to none)
unset OMPI_MCA_btl_tcp_if_include
config run 40
train() {
  on ctl "${launcher[@]}" -x OMPI_MCA_mpi_yield_when_idle --mca btl_tcp_if_include eth0 "$switchyard" train run.toml >train.log 2>&1
}
check "four ranks on three hosts" train
check "the run is done" state_is run done
check "with the same weights" same_weights run 40
export OMPI_MCA_btl_tcp_if_include=eth0
check "doctor starts its ranks on them" grep -q 'ok *MPI launch.*on node1, node' \
  <(on ctl "$switchyard" doctor --run "$scratch" -- "${launcher[@]}" --map-by node -n 2)
