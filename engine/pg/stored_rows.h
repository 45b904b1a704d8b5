// Records of rows that only this module reads; the others are in engine/store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/id.h"
#include "engine/base/time.h"
#include "engine/core/names.h"
#include "engine/pg/session.h"

namespace millrace::pg {

/// The parameters of a statement that begin with a key.
inline Params key_params(const ScopedName& name) {
  Params params;
  params.add(name.namespace_).add(name.name);
  return params;
}

/// A row that tells why its artifact is not shipped, in the two columns of millrace.not_shipped.
template <typename Row>
struct WithCause {
  static constexpr std::string_view record_name = Row::record_name;
  Row row;  // its `not_shipped` is still empty
  std::string cause, reason;

  static constexpr auto fields() {
    return std::tuple{field("", &WithCause::row, ""),
                      field("cause", &WithCause::cause, "refused or withdrawn; \"\": neither"),
                      field("reason", &WithCause::reason, "As it was given")};
  }
};

struct ScheduledDate {
  static constexpr std::string_view record_name = "ScheduledDate";
  DagKey dag;
  Time logical_date{};

  static constexpr auto fields() {
    return std::tuple{field("", &ScheduledDate::dag, "The DAG"),
                      field("logical_date", &ScheduledDate::logical_date, "Of a scheduled run")};
  }
};

/// Events of one run that one append brought.
struct JournalRow {
  static constexpr std::string_view record_name = "JournalRow";
  std::int64_t seq = 0;  // of the first event
  Uuid run;              // nil: of no run
  Time at{};             // of the first event
  std::vector<std::int64_t> seqs,
      ats;             // offsets from the first; empty: without gaps, the same time
  std::string events;  // a JSON list

  static constexpr auto fields() {
    return std::tuple{field("seq", &JournalRow::seq, "Of the first event"),
                      field("run", &JournalRow::run, "Their run; null: none"),
                      field("at", &JournalRow::at, "Time of the first event"),
                      field("seqs", &JournalRow::seqs, "Offsets from seq; null: no gaps"),
                      field("ats", &JournalRow::ats, "Offsets from at; null: all at once"),
                      field("events", &JournalRow::events, "The events, a JSON list")};
  }
};

}  // namespace millrace::pg
