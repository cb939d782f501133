#!/bin/bash
# builds: encode_texts
# A tokenizer of each shape that published models have, trained by the tokenizers library: 100,000 odd texts each have the same ids and
# decode to the same text. Then the speed of both, which the log holds. Python with tokenizers and sentencepiece: $SWITCHYARD_PYTHON, or a
# virtual environment from PyPI.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet tokenizers sentencepiece; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python
encode_texts=$root/build/release/tests/encode_texts
step same_ids "$python" "$root/tests/long/tokenizers/compare.py" "$encode_texts" 100000 .
step speed "$python" "$root/tests/long/tokenizers/speed.py" "$encode_texts" .
