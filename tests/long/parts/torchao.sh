#!/bin/bash
# builds: switchyard
# The codes of `model quantize` are those of torchao, int8 and int4, of whole rows and of groups.
# Python with torchao: $SWITCHYARD_PYTHON, or a virtual environment from PyPI (some GB).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet numpy torch torchao; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python

step datasets prepare_both

codes() {
  rm -rf run model int8 int8-groups int4
  "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=bytes --set run.directory=run --set train.steps=20 &&
    printf 'method = "average"\n[[input]]\npath = "run"\n' >copy.toml && "$switchyard" model make copy.toml --output model &&
    "$switchyard" model quantize model --bits 8 --output int8 && "$switchyard" model quantize model --bits 8 --group 16 --output int8-groups &&
    "$switchyard" model quantize model --bits 4 --group 16 --output int4 &&
    "$python" "$root/tests/long/torchao_oracle.py" model int8 int8-groups int4
}
step codes codes
