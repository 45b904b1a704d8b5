#include "engine/pg/journal_rows.h"

#include <algorithm>
#include <unordered_map>

namespace millrace::pg {
namespace {

// A row is read whole: this bounds what a reader that wants one event of it pays.
constexpr std::size_t kMostEvents = 512;
constexpr std::size_t kMostBytes = 128u << 10;

/// A row in the making.
struct Group {
  std::int64_t first_seq = 0, last_seq = 0;
  Uuid run;
  Time first_at{};
  std::size_t n = 0;
  bool has_gaps = false, has_times = false;
  std::vector<std::int64_t> seqs;  // offsets
  std::vector<std::int64_t> ats;
  std::string events = "[";
};

std::string numbers(const std::vector<std::int64_t>& values) {
  ArrayText out;
  for (const std::int64_t value : values) out.add(value);
  return std::move(out).take();
}

void add_event(Group& group, std::int64_t seq, const Event& event) {
  group.has_gaps = group.has_gaps || seq != group.last_seq + 1;
  group.has_times = group.has_times || event.at != group.first_at;
  group.last_seq = seq;
  group.seqs.push_back(seq - group.first_seq);
  group.ats.push_back((event.at - group.first_at).count());
  if (group.n++ > 0) group.events += ',';
  append_json(group.events, event.body);
}

/// The row of the event's run that has room, or a new one.
Group& group_for(std::vector<Group>& groups, std::unordered_map<Uuid, std::size_t>& open,
                 std::int64_t seq, const Event& event) {
  const auto [entry, is_new] = open.try_emplace(event.run, groups.size());
  if (!is_new) {
    Group& group = groups[entry->second];
    if (group.n < kMostEvents && group.events.size() < kMostBytes) return group;
    entry->second = groups.size();
  }
  Group fresh;
  fresh.first_seq = seq;
  fresh.last_seq = seq - 1;
  fresh.run = event.run;
  fresh.first_at = event.at;
  groups.push_back(std::move(fresh));
  return groups.back();
}

}  // namespace

JournalColumns journal_columns(std::int64_t first_seq, const std::vector<Event>& events) {
  std::vector<Group> groups;
  std::unordered_map<Uuid, std::size_t> open;
  std::int64_t seq = first_seq;
  for (const Event& event : events) {
    add_event(group_for(groups, open, seq, event), seq, event);
    ++seq;
  }
  JournalColumns out;
  for (Group& group : groups) {
    out.seq.add(group.first_seq);
    out.run.add(group.run);
    out.n.add(static_cast<std::int64_t>(group.n));
    out.at.add(group.first_at);
    group.has_gaps ? out.seqs.add(numbers(group.seqs)) : out.seqs.add_null();
    group.has_times ? out.ats.add(numbers(group.ats)) : out.ats.add_null();
    group.events += ']';
    out.events.add(group.events);
  }
  return out;
}

Status add_events_of(const JournalRow& row, std::vector<Event>& out) {
  MR_TRY(const Json bodies,
         Json::parse(row.events, {.max_bytes = std::size_t{1} << 30, .max_depth = 1000}));
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    Event event;
    event.seq = row.seq + (i < row.seqs.size() ? row.seqs[i] : static_cast<std::int64_t>(i));
    event.run = row.run;
    event.at = row.at + Duration{i < row.ats.size() ? row.ats[i] : 0};
    MR_TRY(event.body, event_from_json(bodies.at(i)));
    out.push_back(std::move(event));
  }
  return {};
}

}  // namespace millrace::pg
