// Marks: how far back one must look for what is open. History is only inserted into, so that "open"
// is the absence of an end; a mark, written down every few thousand runs or commands, keeps the
// search for it short for ever.
#pragma once

#include "engine/base/service.h"
#include "engine/pg/roles.h"

namespace millrace::pg {

/// A thread that moves the marks forward when enough has come after them. Failures are harmless: it
/// tries again later.
class MarkKeeper {
 public:
  explicit MarkKeeper(Shared& shared);
  MarkKeeper(const MarkKeeper&) = delete;
  MarkKeeper& operator=(const MarkKeeper&) = delete;

 private:
  void run();

  Shared& shared_;
  Service service_{"pg marks"};
};

Status mark_open_runs(Shared& shared);
Status mark_inbox(Shared& shared);
/// As last written down, or read now.
Result<std::int64_t> inbox_mark(Shared& shared);

}  // namespace millrace::pg
