#!/bin/bash
# libraries.sh STATE-FOLDER: other libraries than the distribution's, from PyPI (needs the network, python3 and its venv): Open MPI 5
# with oneDNN 3, and MPICH with the distribution's oneDNN. For each a build of its own, the runtime's and the router's tests on 1, 2 and
# 4 ranks, and a training run whose weights are those of another number of ranks. It prints what was tested.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
jobs=${SWITCHYARD_JOBS:-$(nproc)}

install() {  # install NAME PACKAGE...: into a virtual environment
  local venv=$state/$1 library
  python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "${@:2}" || return 1
  for library in "$venv"/lib/lib*.so.*; do  # a wheel holds no links
    [ -e "${library%.so.*}.so" ] || ln -s "$(basename "$library")" "${library%.so.*}.so"
  done
}

# Beside build/release, so that ccache knows again what includes no header of these libraries.
build_of() { echo "$root/build/with-$1"; }
build() {  # build NAME
  local venv=$state/$1 build ccache
  build=$(build_of "$1")
  ccache=$(command -v ccache)
  PATH=$venv/bin:$PATH CMAKE_PREFIX_PATH=$venv cmake -S "$root" --preset release -B "$build" -DSWITCHYARD_CUDA=OFF \
    -DMPI_CXX_COMPILER="$venv/bin/mpicxx" -DMPIEXEC_EXECUTABLE="$venv/bin/mpirun" -DCMAKE_BUILD_RPATH="$venv/lib" \
    ${ccache:+-DCMAKE_CXX_COMPILER_LAUNCHER=ccache} >"$venv/configure.log" 2>&1 || { tail -5 "$venv/configure.log"; return 1; }
  cmake --build "$build" --parallel "$jobs" --target switchyard runtime_rank_tests router_rank_tests >"$venv/build.log" 2>&1 ||
    { tail -20 "$venv/build.log"; return 1; }
}

run_ranks() {  # run_ranks NAME RANKS COMMAND...: by that library's launcher
  local name=$1 ranks=$2 options=(--oversubscribe --bind-to none)
  shift 2
  [ "$name" != mpich ] || options=()
  PATH=$state/$name/bin:$PATH mpirun "${options[@]}" -n "$ranks" "$@"
}

rank_tests() {  # rank_tests NAME
  local ranks program
  for ranks in 1 2 4; do
    for program in runtime router; do
      run_ranks "$1" $ranks "$(build_of "$1")/tests/${program}_rank_tests" >"$state/$1/$program.$ranks.log" 2>&1 ||
        { tail -20 "$state/$1/$program.$ranks.log"; return 1; }
    done
  done
}

same_weights() {  # same_weights NAME
  local program work=$state/$1/work ranks hashes=()
  program=$(build_of "$1")/switchyard
  rm -rf "$work" && mkdir -p "$work"
  for i in $(seq 80); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >"$work/corpus.jsonl"
  run_ranks "$1" 2 "$program" prepare "$work/corpus.jsonl" --output "$work/data" >/dev/null 2>"$work/err" || { tail -5 "$work/err"; return 1; }
  for ranks in 1 2 4; do
    run_ranks "$1" $ranks "$program" train "$root/examples/tiny.toml" --set data.dataset="$work/data" --set run.directory="$work/$ranks" \
      --set train.steps=20 --set run.threads=1 >/dev/null 2>"$work/err" || { tail -5 "$work/err"; return 1; }
    hashes+=("$("$program" checkpoint hash "$work/$ranks" | cut -d' ' -f1)")
  done
  [ "${hashes[0]}" = "${hashes[1]}" ] && [ "${hashes[0]}" = "${hashes[2]}" ] || { echo "weights differ: ${hashes[*]}"; return 1; }
  echo "tested: $("$program" --version | grep -o 'oneDNN [0-9.]*\|Open MPI [0-9.]*\|MPICH [0-9.]*' | paste -sd, | sed 's/,/, /g')"
}

test_with() {  # test_with NAME PACKAGE...
  step "$1-install" install "$@"
  step "$1-build" build "$1"
  step "$1-rank-tests" rank_tests "$1"
  step "$1-same-weights" same_weights "$1"
}
test_with openmpi openmpi onednn-cpu-gomp onednn-devel-cpu-gomp
test_with mpich mpich
