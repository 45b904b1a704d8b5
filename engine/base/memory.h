// What the process asks of its allocator as a whole.
#pragma once

namespace millrace {

/// Gives back to the operating system what has been freed and would be kept for the next
/// allocation, if much has been freed since the last time. That takes some milliseconds: for the
/// quiet after work. Thread-safe.
void return_freed_memory();

}  // namespace millrace
