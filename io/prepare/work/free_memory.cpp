#include "io/prepare/work/free_memory.h"

#include <malloc.h>

namespace switchyard::prepare {

void return_freed_memory() { malloc_trim(0); }

}  // namespace switchyard::prepare
