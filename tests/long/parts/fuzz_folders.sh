#!/bin/bash
# builds:
# Ten minutes of fuzzing for each parser of committed folders, and of the folders of Hugging Face.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
step folders "$root/tests/fuzz/run" 600 manifest document_store
step hub "$root/tests/fuzz/run" 600 hub_config
