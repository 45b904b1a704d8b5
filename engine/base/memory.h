// What the process asks of its allocator as a whole.
#pragma once

namespace millrace {

/// Gives back to the operating system what has been freed and would be kept for the next
/// allocation. Takes milliseconds: for the quiet after much work. Thread-safe.
void return_freed_memory();

}  // namespace millrace
