// What the process asks of its allocator as a whole.
#pragma once

namespace millrace {

/// Lets the threads of this process share few pools of free memory. By default each of them fills
/// one of its own, up to eight a core, which in a busy engine comes to 60 MB of nothing. Call it
/// before there are threads.
void share_free_memory();

/// Gives back to the operating system what has been freed and would be kept for the next
/// allocation, if much has been freed since the last time. That takes some milliseconds: for the
/// quiet after work. Thread-safe.
void return_freed_memory();

}  // namespace millrace
