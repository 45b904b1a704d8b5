// TermService: periodic upkeep that only the leader does (retention, garbage, freshness). It begins
// with a term of leadership and ends with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/service.h"
#include "engine/base/time.h"

namespace millrace {

struct TermService {
  std::string name;               // of its thread
  Duration every{};               // the pause between two calls of `work`
  std::function<void()> begin{};  // once a term, before the first `work`; may be empty
  /// Once at the beginning of a term, and then again and again. Must bear that the next leader does
  /// the same at the same time: a term may end while it runs.
  std::function<void()> work;
};

/// Those of one term. Each has a thread of its own from the construction to the destruction, which
/// waits for the work that is under way.
class TermServices {
 public:
  explicit TermServices(const std::vector<TermService>& services);
  ~TermServices();
  TermServices(const TermServices&) = delete;
  TermServices& operator=(const TermServices&) = delete;

 private:
  std::vector<std::unique_ptr<Service>> running_;
};

}  // namespace millrace
