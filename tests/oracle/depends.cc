#include "tests/oracle/depends.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace millrace::oracle {
namespace {

enum Rank { good, skipped, could_not, bad };

/// How a task ends, and whether it has ended.
struct End {
  Rank rank = good;
  bool ended = true;
};
using World = std::map<std::string, End>;

struct Seen {
  Rank worst = good;
  bool open = false;
};

Seen look_at(const Run& run, const std::string& id) {
  const int task = run.dag->index_of(id);
  const bool forgiven = run.dag->task(task).spec.continue_on_error;
  Seen seen;
  for (const auto& one : run.tasks[static_cast<std::size_t>(task)].instances) {
    seen.open |= !is_end(one.state);
    Rank rank = good;
    if (one.state == TaskState::skipped) rank = skipped;
    if (one.state == TaskState::upstream_failed) rank = could_not;
    if (one.state == TaskState::cancelled) rank = bad;
    if (one.state == TaskState::failed && !forgiven) rank = bad;
    seen.worst = std::max(seen.worst, rank);
  }
  return seen;
}

/// Computes the value while it reads.
class Reader {
 public:
  Reader(std::string text, const World& world) : text_(std::move(text)), world_(world) {
    std::erase(text_, ' ');
  }
  bool either() {
    bool value = both();
    while (text_.compare(at_, 2, "||") == 0) {
      at_ += 2;
      const bool right = both();
      value = value || right;
    }
    return value;
  }

 private:
  bool both() {
    bool value = one();
    while (text_.compare(at_, 2, "&&") == 0) {
      at_ += 2;
      const bool right = one();
      value = value && right;
    }
    return value;
  }
  bool one() {
    if (text_[at_] == '!') {
      ++at_;
      return !one();
    }
    if (text_[at_] == '(') {
      ++at_;
      const bool value = either();
      ++at_;
      return value;
    }
    const std::size_t end = std::min(text_.find_first_of("&|)", at_), text_.size());
    const std::string name = text_.substr(at_, end - at_);
    at_ = end;
    return value_of(name);
  }
  bool value_of(const std::string& name) const {
    const std::size_t dot = name.find('.');  // the ids of the simulation have none
    const End& end = world_.at(name.substr(0, dot));
    if (dot == std::string::npos) return end.rank <= skipped;
    const std::string state = name.substr(dot + 1);
    if (state == "ended") return end.ended;
    return (state == "success" && end.rank == good) ||
           (state == "skipped" && end.rank == skipped) ||
           (state == "upstream_failed" && end.rank == could_not) ||
           (state == "failed" && end.rank == bad);
  }

  std::string text_;
  const World& world_;
  std::size_t at_ = 0;
};

bool holds_in_all(const Run& run, const TaskSpec& spec, std::size_t next, World& world,
                  bool value) {
  if (next == spec.needs.size()) return Reader(spec.depends, world).either() == value;
  const std::string& id = spec.needs[next];
  const Seen seen = look_at(run, id);
  for (const Rank rank : {good, skipped, could_not, bad})
    for (const bool ended : {true, false}) {
      const bool possible = seen.open ? rank >= seen.worst : rank == seen.worst && ended;
      if (!possible) continue;
      world[id] = {rank, ended};
      if (!holds_in_all(run, spec, next + 1, world, value)) return false;
    }
  return true;
}

}  // namespace

bool depends_is_certain(const Run& run, const TaskSpec& spec, bool value) {
  World world;
  return holds_in_all(run, spec, 0, world, value);
}

bool depends_met_a_failure(const Run& run, const TaskSpec& spec) {
  return std::ranges::any_of(spec.needs,
                             [&](const auto& id) { return look_at(run, id).worst >= could_not; });
}

}  // namespace millrace::oracle
