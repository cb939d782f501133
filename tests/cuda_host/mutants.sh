#!/bin/bash
# mutants.sh BUILD-FOLDER [COUNT]: plants faults in the product's own kernels, one at a time, each of which the tests on the
# emulated GPU must see: all of them, or COUNT of them, drawn by the commit or by SWITCHYARD_LAB_SEED. A mutant is a changed copy
# of a file, which the unit of its room includes instead; it is compiled and linked with the commands of the build.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${1:?usage: $0 BUILD-FOLDER [COUNT]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1

# The fault, the file, what sed does to it, the ranks and the tests that see it.
mutants() {
  cat <<'LIST'
no barrier before keys are read|model/attention/attention_kernels.cu|0,/__syncthreads();/s///|0|ModelKernels.Attention*
no barrier after keys were read|model/attention/attention_backward_kernels.cu|0,/__syncthreads();/s///|0|ModelKernels.Attention*
no barrier before warps join|model/attention/attention_past_kernels.cu|s/__syncthreads();//|0|ModelKernels.AttentionToThePast
no barrier between neighbours|model/norm/norm_kernels.cu|s/__syncthreads();//|0|ModelKernels.RmsNorm*
no barrier before votes are read|model/ops.cu|s/__syncthreads();//|0|ModelKernels.Embed*
no barrier before a tile is transposed|runtime/product/cuda_operands.cu|s/__syncthreads();//|0|RuntimeKernels.*Shorter*
no barrier before a step is multiplied|runtime/tile/product_tile.h|s/__syncthreads();  .*//|0|GroupedKernels.*
no barrier between the ranges of a gradient|runtime/product/grouped_matmul.cu|s/__syncthreads();.*//|0|GroupedKernels.Gradients*
a copy that is not waited for|runtime/tile/product_tile.h|s/<product_stages - 2>/<product_stages - 1>/|0|GroupedKernels.Products*
a row that depends on its group|runtime/product/grouped_matmul.cu|s/\[\](float& to, float sum) { to = sum; }/[\&](float\& to, float sum) { to = sum * (1.0F + 1e-6F * tile.group); }/|0|GroupedKernels.PassTheSelfTest*
a tile that is taken for whole|runtime/tile/product_tile.h|s/ && a.depth % Math::depth == 0//|0|GroupedKernels.Products*
a row that depends on its tile|runtime/product/grouped_matmul.cu|s/\[\](float& to, float sum) { to = sum; }/[](float\& to, float sum) { to = sum * (1.0F + 1e-6F * (rows > 64)); }/|0|GroupedKernels.ARowHas*
a group without rows that CUTLASS is given|runtime/product/grouped_cutlass.cu|s/if (shape.m == 0.*//|0|GroupedCutlass.*
an addend that is added again|runtime/product/grouped_cutlass.cu|s/if (i >= count) continue;//; s/first + i/first + i % std::max(count, 1)/|0|GroupedCutlass.Gradients
one key too few|model/attention/attention_past_kernels.cu|s/i <= call.length/i < call.length/|0|ModelKernels.AttentionToThePast
one choice too many|router/gate/capacity_kernels.cu|s/< capacity ? id/<= capacity ? id/|0|RouterKernels.ExpertsWithLimits
one pair too many|model/attention/rotary_kernels.cu|s/pair >= pairs/pair > pairs/|0|ModelKernels.Rotate
one column too many|runtime/product/cuda_operands.cu|s/col + i < cols/col + i <= cols/|0|RuntimeKernels.*Shorter*
one token too few|model/ops.cu|s/t < end \&\&/t + 1 < end \&\&/|0|ModelKernels.Embed*
a choice that is not counted|router/gate/tally_kernels.cu|s/: pairs;/: pairs - 1;/|0|RowKernels.ChoicesAreCounted*
no barrier before counts are read|router/gate/tally_kernels.cu|s/__syncthreads();//|0|RowKernels.ChoicesAreCounted*
one choice too few for a cutoff|router/gate/quantile_kernels.cu|s/best\[k\]/best[k - 1]/g|0|RouterKernels.BiasesThatExpertsNeedAreCounted
a parameter too early|train/ops.cu|s/first_block <= blockIdx.x/first_block < blockIdx.x/|0|TrainKernels.AdamwOfMany*
a table that is not cleared|model/ops.cu|/check(cudaMemsetAsync/,/;$/d|0|ModelKernels.Embed*
a sum that no lane wrote|model/attention/attention_past_kernels.cu|/scratch\[warp \* stride + dims + 1\] = seen.sum/d|0|ModelKernels.AttentionToThePast
work does not wait for a copy without a queue|runtime/device/memory.cu|s/check(cudaDeviceSynchronize());  .*//|0|RuntimeKernels.*
NCCL does not wait for the work before|runtime/comm/nccl_comm.cu|/check(cudaStreamWaitEvent(stream_, ready_/d|2|CudaExchange.MovesEveryRow
work does not wait for NCCL|runtime/comm/nccl_comm.cu|/check(cudaStreamWaitEvent(compute, done_/d|2|CudaExchange.MovesEveryRow
one communicator is aborted alone|runtime/device/nccl_handle.cu|s/  NcclHandle::abort_all();//|2|Failures.*
communicators are aborted one by one|runtime/device/nccl_handle.cu|s/  ncclGroupStart();//|2|Failures.*
a host that waits asks no peer|runtime/device/cuda_queue.cu|s/    check_peers();//|2|Failures.*
an abort within an open group|runtime/comm/nccl_comm.cu|s/group.add(ncclSend(\(.*\)));/check_nccl(ncclSend(\1));/|2|Failures.*
a question that leaves an error behind|runtime/device/cuda_check.h|s/    cudaGetLastError();//|2|Failures.*
a queue does not wait for another|runtime/device/cuda_queue.cu|/check(cudaStreamWaitEvent(stream_, static_cast/d|2|CudaExchange.MovesEveryRow
a kernel of cuBLASLt that does not take all rows|runtime/product/matmul.cu|s/return takes_all_rows(kernel.algo, shape, queue);/return true;/|0|RuntimeKernels.*
LIST
}

# The command of the build that makes `output` (a path that ends so) for a target.
command_for() { ninja -C "$build" -t commands "$1" | grep -F -- "-o $2" | tail -1; }

build_mutant() { # build_mutant FILE PROGRAM: $work/program
  local room=${1%%/*} program=$2
  local object=tests/CMakeFiles/cuda_host_backend.dir/__/cuda/$room.cu.o
  local compile link
  compile=$(command_for "$program" "$object")
  link=$(command_for "$program" "tests/$program")
  [ -n "$compile" ] && [ -n "$link" ] || { echo "FAILED: the build has no $program"; exit 1; }
  compile=$(sed "s| -I| -I$work -I|; s|-MF [^ ]*|-MF $work/unit.d|; s|-o $object|-o $work/unit.o|" <<<"$compile")
  link=$(sed "s| $object | $work/unit.o |; s|-o tests/$program |-o $work/program |" <<<"$link")
  (cd "$build" && eval "$compile" && eval "$link") >"$work/log" 2>&1
}

failed=0
seed=${SWITCHYARD_LAB_SEED:-$(git -C "$root" rev-parse --short=8 HEAD 2>/dev/null || echo 1)}
[ $# -le 1 ] || echo "seed $seed"
while IFS='|' read -r fault file edit ranks tests; do
  rm -rf "${work:?}"/*
  mkdir -p "$work/${file%/*}"
  sed "$edit" "$root/$file" >"$work/$file"
  if cmp -s "$root/$file" "$work/$file"; then
    echo "FAILED: $file has no place any more for: $fault"
    failed=1
    continue
  fi
  program=cuda_host_tests run=()
  [ "$ranks" = 0 ] || { program=cuda_host_rank_tests run=(mpirun --oversubscribe --bind-to none -n "$ranks"); }
  build_mutant "$file" $program || { sed 's/^/  | /' "$work/log" | tail -5; echo "FAILED: $file does not compile with: $fault"; failed=1; continue; }
  if timeout 120 "${run[@]}" "$work/program" --gtest_filter="$tests" </dev/null >"$work/log" 2>&1; then
    echo "FAILED: nobody sees in $file: $fault"
    failed=1
  else
    echo "seen in $file: $fault"
  fi
done < <(mutants | if [ $# -gt 1 ]; then shuf -n "$2" --random-source=<(yes "$seed"); else cat; fi)
exit $failed
