#!/bin/bash
# builds: oracle_dump_model
# Norms over the projection, biases, windows and scaled positions against transformers' OLMoE, Qwen2 and Qwen3: the loss and every
# gradient; and the frequencies that tests/reference/rope_golden.h keeps. Python: as in hugging_face.sh.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet torch transformers numpy; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python

frequencies() { "$python" "$root/tests/long/rope_golden.py" | diff - "$root/tests/reference/rope_golden.h"; }
step frequencies frequencies
step models "$python" "$root/tests/long/attention_parts.py" "$root/build/release/tests/oracle_dump_model"
