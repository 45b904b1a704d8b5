// A file copied so that what happens to one of the two cannot change the other.
#pragma once

#include <filesystem>

#include "engine/base/result.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// Makes `to`, which must not be there, readable by its owner alone and writable by none. Shares
/// the blocks where the file system can (reflink). Follows no link at the end of `from`, and waits
/// for no pipe. not_found; data_invalid if `from` is no regular file; permission_denied;
/// `cancelled` when the attempt should stop; otherwise unavailable.
Status copy_privately(const std::filesystem::path& from, const std::filesystem::path& to,
                      OperatorContext& ctx);

}  // namespace millrace::operators
