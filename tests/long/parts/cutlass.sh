#!/bin/bash
# builds:
# cutlass.sh STATE-FOLDER: compiles CUTLASS's grouped products (needs the network and nvcc from 12.8) and looks in what nvcc made for
# the instructions of Hopper's and Blackwell's tensor cores. About five minutes on two cores; nothing runs on a GPU.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
build=$root/build/with-cutlass

build_objects() {
  local ccache
  ccache=$(command -v ccache)
  cmake -S "$root" --preset release -B "$build" -DSWITCHYARD_CUTLASS=ON ${ccache:+-DCMAKE_CUDA_COMPILER_LAUNCHER=ccache} \
    >"$state/configure.log" 2>&1 || { tail -5 "$state/configure.log"; return 1; }
  grep -F "CUTLASS for sm_90a and sm_100a" "$state/configure.log" || { grep CUTLASS "$state/configure.log"; return 1; }
  cmake --build "$build" --parallel "${SWITCHYARD_JOBS:-$(nproc)}" --target \
    switchyard_cutlass_dispatch switchyard_cutlass_sm90 switchyard_cutlass_sm100 >"$state/build.log" 2>&1 ||
    { tail -20 "$state/build.log"; return 1; }
}

disassembler() {  # the toolkit's, or PyPI's
  cuobjdump=$(command -v cuobjdump) && return
  python3 -m venv "$state/venv" && "$state/venv/bin/pip" install --quiet nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm || return 1
  cuobjdump=$(find "$state/venv" -name cuobjdump -type f) && chmod +x "${cuobjdump%/*}"/* && export PATH=${cuobjdump%/*}:$PATH
}

has() {  # has UNIT INSTRUCTION
  local found
  found=$("$cuobjdump" -sass "$build/CMakeFiles/switchyard_cutlass_$1.dir/runtime/cutlass/$1.cu.o" | grep -c "$2")
  echo "$1: $found x $2"
  [ "$found" -gt 0 ]
}
check() {
  disassembler && has sm90 HGMMA && has sm100 UTCHMMA && ! has dispatch MMA
}
step build build_objects
step instructions check
