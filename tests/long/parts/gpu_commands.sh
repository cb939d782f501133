#!/bin/bash
# builds: switchyard_emulated
# The program's commands with run.device = "cuda" on the emulated GPU.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
step commands "$root/tests/cuda_host/commands.sh" "$root/build/release/tests/switchyard_emulated"
