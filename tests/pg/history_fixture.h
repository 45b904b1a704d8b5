// HistoryTest: a database with periods of history, and a clock that the test moves.
#pragma once

#include <memory>
#include <string>

#include "engine/pg/history.h"
#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace::testing {

using std::chrono::hours;
using std::chrono::seconds;
inline constexpr Duration kDay = hours{24};
inline constexpr Duration kRetention = 90 * kDay;

class PgWithHistory final : public StoreUnderTest {
 public:
  Stores stores() override { return store_.stores(); }
  FakeClock& clock() override { return clock_; }
  Database& database() { return *database_; }
  PgStore& store() { return store_; }

 private:
  FakeClock clock_;
  std::unique_ptr<Database> database_ = open_database(fresh_database());
  PgStore store_{*database_, &clock_};
};

/// Decades after the first period, which holds all that was there at the upgrade.
class HistoryTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    history_ = std::make_unique<History>(database(), clock(), kRetention, &clock());
    clock().pass(50 * 365 * kDay);
    lead();
    pass_watched(kDay + hours{1});
  }

  Database& database() { return static_cast<PgWithHistory&>(*store_).database(); }
  PgStore& store() { return static_cast<PgWithHistory&>(*store_).store(); }
  History& history() { return *history_; }
  std::string sql(const std::string& text) { return query(database(), text); }

  /// The leader looks once an hour; returns how many periods were dropped.
  std::size_t pass_watched(Duration duration) {
    std::size_t dropped = 0;
    for (Duration passed{}; passed < duration; passed += hours{1}) {
      clock().pass(hours{1});
      dropped += keep();
    }
    return dropped;
  }
  /// As the leader does each minute; returns how many periods were dropped.
  std::size_t keep() {
    const auto kept = history().keep();
    EXPECT_TRUE(kept.ok()) << kept.error().to_string();
    EXPECT_TRUE(history().sweep().ok());
    return kept ? kept->periods_dropped.size() : 0;
  }
  /// So far that all that ended by now has ended long enough ago; an engine runs all the while.
  std::size_t let_it_grow_old() { return pass_days(kRetention + 4 * period_width(kRetention)); }
  std::size_t pass_days(Duration duration) {
    std::size_t dropped = 0;
    for (Duration passed{}; passed < duration; passed += kDay) {
      clock().pass(kDay);
      dropped += keep();
    }
    return dropped;
  }
  /// As if no retention had been asked for: nothing is dropped, and the clock is watched.
  void pass_without_drops(Duration duration) {
    History everything(database(), clock(), std::nullopt, &clock());
    for (Duration passed{}; passed < duration; passed += kDay) {
      EXPECT_OK(everything.keep());
      clock().pass(kDay);
    }
    EXPECT_OK(everything.keep());
  }
  std::string dropped() {
    return sql("SELECT count(*) FROM millrace.period WHERE dropped_at IS NOT NULL");
  }

  /// A DAG of one task, `train`, so that runs can be loaded.
  void register_dag() {
    DagSpec spec;
    spec.id = "flights";
    TaskSpec task;
    task.id = "train";
    task.op = "noop";
    spec.tasks = {task};
    auto dag = Dag::make(std::move(spec));
    ASSERT_OK(dag);
    version_ = dag->version();
    DagRegistered body;
    body.dag = dag->key();
    body.version = version_;
    body.spec = Dag::to_json(dag->spec());
    append({event({}, body)});
  }
  RunRow start() {
    RunRow row;
    row.run = new_id();
    row.dag = "flights";
    row.version = version_;
    row.trace_id = "0123456789abcdef0123456789abcdef";
    row.created_at = now();
    RunCreated created;
    created.dag = row.key();
    created.version = row.version;
    created.trace_id = row.trace_id;
    Batch out = batch({event(row.run, created)});
    out.runs_created.push_back(row);
    EXPECT_TRUE(stores().journal.append(out).ok());
    return row;
  }
  void write_log(const RunRow& run) {
    const LogChunk chunk{run.run, "train", -1, 1, 0, "hello\n", now()};
    ASSERT_OK(stores().logs.append(std::span(&chunk, 1)));
  }
  std::string log_of(const RunRow& run) {
    return stores().logs.read(run.run, "train", -1, 1, 0, 100).value_or("(error)");
  }
  Command command(const std::string& key = "") {
    Command out;
    out.id = new_id();
    out.kind = "trigger_run";
    out.idempotency_key = key;
    out.created_at = now();
    return out;
  }

  std::string version_;

 private:
  std::unique_ptr<History> history_;
};

}  // namespace millrace::testing
