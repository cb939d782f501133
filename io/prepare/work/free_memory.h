// Memory that a stage has freed.
#pragma once

namespace switchyard::prepare {

// Gives freed memory back to the system, which the C library otherwise keeps for later allocations:
// the next stage holds something else, and the ranks of a node share its memory.
void return_freed_memory();

}  // namespace switchyard::prepare
