// AppendStatement: the one statement of an append, put together of those blocks `append_*` of
// sql/journal.sql that its batch has rows for, with its parameters. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/pg/session.h"
#include "engine/store/store.h"

namespace millrace::pg {

class AppendStatement {
 public:
  /// `tail`: no row of the append before this one is older, if that is known. Keeps nothing of the
  /// batch.
  AppendStatement(const Batch& batch, std::optional<Time> tail);

  /// The same for all statements of the same blocks, and for no other. Short: PostgreSQL takes 63
  /// bytes of it.
  const std::string& name() const { return name_; }
  std::string text() const;
  const Params& params() const { return params_; }
  /// Commands that it answers.
  std::int64_t answers() const { return answers_; }

 private:
  enum class Kind { journal, runs, scheduled_runs, run_ends, task_ends, answers, outcome };
  struct Block {
    Kind kind;
    std::size_t offset;  // of its parameters
  };
  void begin(Kind kind);
  void add_journal(const Batch& batch, std::optional<Time> tail);
  void add_runs(const std::vector<RunRow>& rows);
  void add_scheduled_runs(const std::vector<RunRow>& rows);
  void add_run_ends(const std::vector<RunRow>& rows);
  void add_task_ends(const std::vector<TaskRow>& rows);
  void add_answers(const std::vector<Event>& events);

  std::string name_ = "append_";
  std::vector<Block> blocks_;
  Params params_;
  std::int64_t answers_ = 0;
};

}  // namespace millrace::pg
