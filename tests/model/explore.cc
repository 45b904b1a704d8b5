#include "tests/model/explore.h"

#include <unordered_map>

#include "tests/model/moves.h"

namespace millrace::model {
namespace {

using Index = std::uint32_t;

struct HashState {
  std::size_t operator()(const State& state) const {
    return std::hash<std::string_view>()(state.bytes());
  }
};

class Search {
 public:
  Search(const Rules& rules, const Bounds& bounds) : rules_(rules), bounds_(bounds) {}

  Findings run() {
    State first;
    first.faults = static_cast<Byte>(bounds_.faults);
    first.cancels = static_cast<Byte>(bounds_.cancels);
    first.retries = static_cast<Byte>(bounds_.retries);
    first.defers = static_cast<Byte>(bounds_.defers);
    first.holds = static_cast<Byte>(bounds_.holds);
    visit(first, 0);
    for (Index at = 0; at < states_.size(); ++at) {
      if (states_.size() > bounds_.most_states) return findings_;
      if (!expand(at)) return findings_;
    }
    findings_.complete = true;
    check_ends();
    return findings_;
  }

 private:
  Index visit(const State& state, Index parent) {
    const auto [known, fresh] = index_.try_emplace(state, static_cast<Index>(states_.size()));
    if (fresh) {
      states_.push_back(&known->first);  // nodes of the map stay where they are
      parents_.push_back(parent);
      findings_.states = states_.size();
    }
    return known->second;
  }

  bool expand(Index at) {
    for (const Move& move : moves_from(*states_[at], rules_, false)) {
      ++findings_.moves;
      const Index to = visit(move.to, at);
      backward_.emplace_back(to, at);
      if (move.to.broken == Invariant::none) continue;
      findings_.broken = move.to.broken;
      tell(to);
      return false;
    }
    return true;
  }

  /// Backwards from all ends: what is not met cannot come to one.
  void check_ends() {
    std::vector<std::vector<Index>> from(states_.size());
    for (const auto& [to, at] : backward_) from[to].push_back(at);
    std::vector<bool> reaches(states_.size());
    std::vector<Index> work;
    for (Index i = 0; i < states_.size(); ++i)
      if (has_ended(*states_[i])) {
        reaches[i] = true;
        work.push_back(i);
      }
    while (!work.empty()) {
      const Index at = work.back();
      work.pop_back();
      for (const Index before : from[at])
        if (!reaches[before]) {
          reaches[before] = true;
          work.push_back(before);
        }
    }
    for (Index i = 0; i < states_.size(); ++i)
      if (!reaches[i]) {
        findings_.broken = Invariant::reaches_end;
        return tell(i);  // states are in the order of their distance
      }
  }

  void tell(Index at) {
    for (; at != 0; at = parents_[at])
      for (const Move& move : moves_from(*states_[parents_[at]], rules_, true))
        if (move.to == *states_[at]) {
          findings_.trace.insert(findings_.trace.begin(), move.what);
          break;
        }
  }

  const Rules& rules_;
  Bounds bounds_;
  std::unordered_map<State, Index, HashState> index_;
  std::vector<const State*> states_;
  std::vector<Index> parents_;
  std::vector<std::pair<Index, Index>> backward_;
  Findings findings_;
};

}  // namespace

Findings explore(const Rules& rules, const Bounds& bounds) { return Search(rules, bounds).run(); }

std::string Findings::text() const {
  std::string text = std::to_string(states) + " states, " + std::to_string(moves) + " moves";
  if (broken == Invariant::none)
    return text + (complete ? ": every invariant holds" : ": given up, too many");
  text += ": " + std::string(to_string(broken)) + " is broken in " + std::to_string(trace.size()) +
          " steps\n";
  for (const auto& step : trace) text += "  " + step + "\n";
  return text;
}

}  // namespace millrace::model
