#!/bin/bash
# layout_pairs.sh [BUILD-FOLDER]: checkpoints through 36 pairs of layouts. About 3 minutes on two idle cores.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
exec "$root/tests/layouts/pairs.sh" "${1:-$root/build/release}/switchyard"
