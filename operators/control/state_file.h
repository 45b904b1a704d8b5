// $MILLRACE_STATE: a small text that a program leaves to the next attempt of its task, such as the
// id of a job that it has started elsewhere.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// Not thread-safe; the context outlives it.
class StateFile {
 public:
  StateFile(OperatorContext& ctx, std::filesystem::path path)
      : ctx_(ctx), path_(std::move(path)), last_(ctx.attempt().saved_state) {}

  /// Writes what the attempt before has left; without that there is no file.
  Status write() const;
  /// Saves the text if it has changed; true: it did. What cannot be kept is named in the log once.
  bool save();

  const std::filesystem::path& path() const { return path_; }

 private:
  bool refuse(const std::string& why);

  OperatorContext& ctx_;
  std::filesystem::path path_;
  std::string last_;
  bool refused_ = false;
};

}  // namespace millrace::operators
