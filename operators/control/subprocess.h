// Subprocess: one program run to its end, in a process group of its own, with our stdout and
// stderr. It does not outlive us.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/op/context.h"

namespace millrace::operators {

struct Subprocess {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  // "NAME=value" is added to our environment, "NAME" takes ours away; a later entry replaces.
  std::vector<std::string> env;
  std::string folder;  // to run in; "": ours
  int input = -1;      // our descriptor that becomes its stdin; -1: it has our stdin
  /// If not -1, the waiting thread calls `on_change` whenever this descriptor is readable.
  /// `on_change` reads it empty. If it returns true, something was saved, and the next call waits
  /// for some seconds.
  int changes = -1;
  std::function<bool()> on_change = {};
};

struct ExitStatus {
  int code = 0;    // meaningful where signal is 0
  int signal = 0;  // that ended it
};

/// "NAME=value" is added to our environment, "NAME" takes ours away; of two entries with one name
/// the later counts. Valid as long as `entries` and our environment are.
std::vector<const char*> environment_with(const std::vector<std::string>& entries);

/// Of a status as waitpid gives it.
ExitStatus exit_status_of(int status);
/// The error `program_failed`; `what`: "the worker 'x", with the quote open. The last line of the
/// log is added to it by the engine.
Error error_of_end(const std::string& what, ExitStatus status);

/// Blocks until the program has ended. When the attempt is cancelled its process group gets a
/// SIGTERM; its end is still waited for. `not_found` if there is no such program or folder.
Result<ExitStatus> run_subprocess(const Subprocess& program, OperatorContext& ctx);

}  // namespace millrace::operators
