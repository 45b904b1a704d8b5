#include "engine/base/memory.h"

#include <malloc.h>

namespace millrace {

void return_freed_memory() { malloc_trim(0); }

}  // namespace millrace
