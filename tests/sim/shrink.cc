#include "tests/sim/shrink.h"

#include <algorithm>

namespace millrace::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Options options, int most_tries)
      : options_(std::move(options)), most_tries_(most_tries), rule_(rule_of(simulate(options_))) {}

  /// Leaves out as many as can be; true: at least one.
  bool leave_out(std::vector<Decision> all) {
    const std::size_t before = all.size();
    for (std::size_t chunk = std::max<std::size_t>(all.size() / 2, 1);; chunk = chunk / 2) {
      for (std::size_t at = 0; at < all.size();) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = all.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, all.size()));
        if (still_breaks_without({from, to}))
          all.erase(from, to);
        else
          at += chunk;
      }
      if (chunk <= 1) return all.size() < before;
    }
  }

  std::vector<Decision> steps() const {
    std::vector<Decision> all;
    for (int step = 0; step < options_.chaos_steps; ++step)
      if (!options_.left_out.contains({step, -1})) all.push_back({step, -1});
    return all;
  }
  std::vector<Decision> faults() const {
    std::vector<Decision> all;
    for (const Line& line : recorded().script)
      if (line.decision.call >= 0) all.push_back(line.decision);
    return all;
  }
  Verdict recorded() const {
    Options options = options_;
    options.record = true;
    return simulate(options);
  }
  const std::set<Decision>& left_out() const { return options_.left_out; }
  int tries() const { return tries_; }

 private:
  bool still_breaks_without(const std::vector<Decision>& decisions) {
    if (tries_ >= most_tries_) return false;
    ++tries_;
    Options options = options_;
    options.left_out.insert(decisions.begin(), decisions.end());
    if (rule_of(simulate(options)) != rule_) return false;
    options_ = std::move(options);
    return true;
  }

  Options options_;
  int most_tries_;
  std::string rule_;
  int tries_ = 0;
};

}  // namespace

Shrunk shrink(Options options, int most_tries) {
  Shrinker shrinker(std::move(options), most_tries);
  // A fault that goes may free a step, and the other way round.
  while (shrinker.leave_out(shrinker.steps()) || shrinker.leave_out(shrinker.faults())) {
    if (shrinker.tries() >= most_tries) break;
  }
  return {shrinker.recorded(), shrinker.left_out(), shrinker.tries()};
}

}  // namespace millrace::sim
