#!/bin/bash
# builds:
# Ten minutes of fuzzing for each parser of text: the recipe, JSON lines, compressed files, tokenizer.json.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
step lines "$root/tests/fuzz/run" 600 json_line byte_source
step recipe "$root/tests/fuzz/run" 600 recipe tokenizer_json
