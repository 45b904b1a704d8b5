// MemStore's backfills: what the journal's role writes, and what is read.
#include <algorithm>

#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

BackfillRow counted(const State& state, BackfillRow row) {
  for (const BackfillDateRow& date : state.backfill_dates.at(row.backfill)) {
    ++row.dates;
    row.waiting += date.state == DateState::waiting;
    row.running += date.state == DateState::running;
    row.success += date.state == DateState::success;
    row.failed += date.state == DateState::failed;
    row.cancelled += date.state == DateState::cancelled;
  }
  return row;
}

struct FoldBackfills {
  State& state;
  Time at;

  void operator()(const BackfillCreated& e) const {
    const auto [first, last] = std::ranges::minmax(e.dates);
    BackfillRow row;
    row.backfill = e.backfill;
    row.dag = e.dag.name;
    row.namespace_ = e.dag.namespace_;
    row.order = e.order;
    row.max_active_runs = e.max_active_runs;
    row.reprocess = e.reprocess;
    row.params = e.params;
    row.first_date = first;
    row.last_date = last;
    row.skipped = e.skipped;
    row.actor = e.origin.principal.who;
    row.on_behalf_of = e.origin.on_behalf_of;
    row.reason = e.origin.reason;
    row.created_at = at;
    state.backfills.insert_or_assign(e.backfill, std::move(row));
    auto& dates = state.backfill_dates[e.backfill];
    for (const Time date : e.dates)
      dates.push_back({static_cast<int>(dates.size()), date, DateState::waiting, {}});
  }
  void operator()(const BackfillPaused& e) const {
    const auto row = state.backfills.find(e.backfill);
    if (row == state.backfills.end()) return;
    row->second.state = e.paused ? BackfillState::paused : BackfillState::running;
    row->second.pause_reason = e.paused ? e.origin.reason : "";
  }
  void operator()(const BackfillCancelRequested& e) const {
    const auto row = state.backfills.find(e.backfill);
    if (row == state.backfills.end()) return;
    row->second.state = BackfillState::cancelling;
    row->second.pause_reason.clear();
    for (BackfillDateRow& date : state.backfill_dates[e.backfill])
      if (date.state == DateState::waiting) date.state = DateState::cancelled;
  }
  void operator()(const BackfillEnded& e) const {
    const auto row = state.backfills.find(e.backfill);
    if (row == state.backfills.end()) return;
    row->second.state = e.state;
    row->second.ended_at = at;
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

bool passes(const BackfillRow& row, const BackfillFilter& filter) {
  return (filter.namespace_.empty() || row.namespace_ == filter.namespace_) &&
         (!filter.dag || row.key() == *filter.dag) && (!filter.state || row.state == *filter.state);
}

class MemBackfillReader final : public BackfillReader {
 public:
  explicit MemBackfillReader(State& state) : state_(state) {}

  Result<std::vector<BackfillRow>> backfills(const BackfillFilter& filter) override {
    return call(state_, "backfills.list", [&](Callbacks&) -> Result<std::vector<BackfillRow>> {
      std::vector<BackfillRow> out;
      const auto end =
          filter.before ? state_.backfills.lower_bound(*filter.before) : state_.backfills.end();
      for (auto i = end; i != state_.backfills.begin() && out.size() < filter.limit;)
        if (const BackfillRow& row = (--i)->second; passes(row, filter))
          out.push_back(counted(state_, row));
      return out;
    });
  }
  Result<BackfillRow> backfill(const Uuid& id) override {
    return call(state_, "backfills.get", [&](Callbacks&) -> Result<BackfillRow> {
      const auto row = state_.backfills.find(id);
      if (row == state_.backfills.end()) return not_found("there is no backfill " + id.to_string());
      return counted(state_, row->second);
    });
  }
  Result<std::vector<BackfillRow>> open_backfills() override {
    return call(state_, "backfills.open", [&](Callbacks&) -> Result<std::vector<BackfillRow>> {
      std::vector<BackfillRow> out;
      for (const auto& [id, row] : state_.backfills)
        if (!has_ended(row.state)) out.push_back(counted(state_, row));
      return out;
    });
  }
  Result<std::vector<BackfillDateRow>> dates(const Uuid& backfill, std::size_t from,
                                             std::size_t limit) override {
    return call(state_, "backfills.dates", [&](Callbacks&) -> Result<std::vector<BackfillDateRow>> {
      const auto found = state_.backfill_dates.find(backfill);
      std::vector<BackfillDateRow> out;
      if (found == state_.backfill_dates.end()) return out;
      const auto& all = found->second;
      for (std::size_t i = from; i < all.size() && out.size() < limit; ++i) out.push_back(all[i]);
      return out;
    });
  }
  Result<DateFacts> facts(const DagKey& dag, std::span<const Time> dates) override {
    return call(state_, "backfills.facts", [&](Callbacks&) -> Result<DateFacts> {
      DateFacts all;
      for (const auto& [id, row] : state_.runs) {
        if (row.key() != dag || !row.logical_date) continue;
        DateFact& fact = all[*row.logical_date];
        fact.run = id;  // ids sort by time
        fact.status = is_open(row.status) ? RunStatus::running : row.status;
      }
      for (const auto& [id, row] : state_.backfills) {
        if (row.key() != dag || has_ended(row.state) || row.state == BackfillState::cancelling)
          continue;
        for (const BackfillDateRow& date : state_.backfill_dates.at(id))
          if (date.state == DateState::waiting) all[date.logical_date].backfill = id;
      }
      DateFacts out;
      for (const Time date : dates)
        if (auto fact = all.extract(date); !fact.empty()) {
          fact.mapped().date = date;
          out.insert(std::move(fact));
        }
      return out;
    });
  }

 private:
  State& state_;
};

}  // namespace

void fold_backfills(State& state, const Event& event) {
  std::visit(FoldBackfills{state, event.at}, event.body);
}

void set_backfill_date(State& state, const RunRow& run, DateState to) {
  if (!run.backfill) return;
  const auto dates = state.backfill_dates.find(*run.backfill);
  if (dates == state.backfill_dates.end()) return;
  for (BackfillDateRow& date : dates->second) {
    if (date.logical_date != run.logical_date) continue;
    date.run = run.run;
    date.state = to;
  }
}

std::unique_ptr<BackfillReader> make_backfill_reader(State& state) {
  return std::make_unique<MemBackfillReader>(state);
}

}  // namespace millrace::mem
