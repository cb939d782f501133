#!/bin/bash
# builds: switchyard
# same_bits.sh [BUILD-FOLDER]: two configs on every layout, to the bit. About 2 minutes on two idle cores.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
exec "$root/tests/layouts/same_bits.sh" "${1:-$root/build/release}/switchyard" all
