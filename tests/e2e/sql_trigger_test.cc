// Runs started by SQL: the real program, and a PostgreSQL that is killed.
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <pqxx/pqxx>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "engine/base/file.h"
#include "engine/cluster/private_cluster.h"
#include "engine/pg/connection_string.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

using std::chrono::seconds;

/// A PostgreSQL for all tests, a database for each, and an engine on it that can go and come back.
class SqlTrigger : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_folder = std::make_unique<TempFolder>();
    auto started = PrivateCluster::start(shared_folder->path());
    if (!started) throw std::runtime_error(started.error().to_string());
    cluster = *std::move(started);
  }
  static void TearDownTestSuite() {
    cluster.reset();
    shared_folder.reset();
  }

  SqlTrigger() {
    static int count = 0;
    name_ = "sql_trigger_" + std::to_string(++count);
    query_on(cluster->dsn(), "CREATE DATABASE " + name_);
    dsn_ = *pg::with_database(cluster->dsn(), name_);
  }
  /// A server that was killed flushes all files of all databases when it starts again.
  ~SqlTrigger() override {
    up_.reset();
    query_on(cluster->dsn(), "DROP DATABASE " + name_ + " WITH (FORCE)");
  }
  void start_engine(const std::filesystem::path& dags) {
    up_.emplace(folder_.path() / "state", dags, std::vector<std::string>{"--db", dsn_});
  }
  void start_example() {
    start_engine(MILLRACE_SOURCE_DIR "/examples/sql-trigger");
    ASSERT_TRUE(eventually([&] { return !up_->get("/dags/orders_import").is_null(); }));
  }
  /// The first value of the last statement; "" without one. Waits for a server that is away.
  static std::string query_on(const std::string& dsn, const std::string& sql) {
    for (;;) {
      try {
        pqxx::connection connection(dsn);
        pqxx::nontransaction work(connection);
        const auto rows = work.exec(sql);
        return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].c_str();
      } catch (const pqxx::broken_connection&) {
        (void)cluster->ensure_running();
      }
    }
  }
  std::string query(const std::string& sql) const { return query_on(dsn_, sql); }
  /// The runs, newest first.
  Json runs() { return up_->get("/runs?limit=500")["runs"]; }
  bool await_runs(std::size_t count) {
    return eventually([&] {
      const Json all = runs();
      return all.size() == count && std::ranges::all_of(all.items(), [](const Json& run) {
               return run["status"].as_view() == "success";
             });
    });
  }

  static inline std::unique_ptr<TempFolder> shared_folder;
  static inline std::unique_ptr<PrivateCluster> cluster;
  TempFolder folder_;
  std::string name_, dsn_;
  std::optional<Up> up_;
};

std::vector<std::string> sql_blocks(const std::string& page) {
  std::istringstream lines(page);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sql";
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST_F(SqlTrigger, ThePageWorksFromTopToBottom) {
  start_example();
  const auto blocks =
      sql_blocks(read_file(MILLRACE_SOURCE_DIR "/docs/sql.md", 1 << 20).value_or(""));
  ASSERT_EQ(6u, blocks.size());
  for (const auto& block : blocks) query(block);
  EXPECT_TRUE(await_runs(1));
  EXPECT_EQ(42, runs().at(0)["params"]["order"].as_int());
  query("INSERT INTO bulk_orders (amount) VALUES (1), (2), (3)");
  EXPECT_TRUE(await_runs(2));
  EXPECT_EQ("publish accepted", query("SELECT kind || ' ' || state FROM millrace.triggers WHERE "
                                      "kind = 'publish'"));
  query("DROP OWNED BY shop; DROP ROLE shop");
}

TEST_F(SqlTrigger, TheExampleStartsARunForEachCommittedOrder) {
  start_example();
  query(read_file(MILLRACE_SOURCE_DIR "/examples/sql-trigger/orders.sql", 1 << 20).value_or(""));
  query("BEGIN; INSERT INTO orders (amount) VALUES (1); ROLLBACK");
  query("INSERT INTO orders (amount) VALUES (12.50), (7)");
  ASSERT_TRUE(await_runs(2)) << runs().dump();
  std::set<std::int64_t> orders;  // both begin in one millisecond, in either order
  const Json both = runs();
  for (const auto& run : both.items()) orders.insert(run["params"]["order"].as_int());
  EXPECT_EQ(orders, (std::set<std::int64_t>{2, 3})) << "order 1 was rolled back";
  EXPECT_EQ("sql:" + query("SELECT session_user"), runs().at(0)["actor"].as_string());
  // Params are judged by the engine, which knows the DAG.
  const std::string id = query(R"(SELECT millrace.trigger('orders_import', '{"order": "many"}'))");
  EXPECT_TRUE(eventually([&] {
    return query("SELECT state FROM millrace.triggers WHERE id = '" + id + "'") == "refused";
  }));
  EXPECT_NE(std::string::npos,
            query("SELECT error FROM millrace.triggers WHERE id = '" + id + "'").find("order"));
}

// 12.50 + 7 on the one day, 1.25 on the other.
TEST_F(SqlTrigger, TheExampleReportsFromAndToTheDatabase) {
  ::setenv("SHOP_DATABASE", dsn_.c_str(), 1);
  start_example();
  query(read_file(MILLRACE_SOURCE_DIR "/examples/sql-trigger/orders.sql", 1 << 20).value_or(""));
  query(
      "INSERT INTO orders (amount, ordered_at) VALUES (12.50, '2024-03-01 00:00+00'), (7, "
      "'2024-03-01 23:59+00'), (1.25, '2024-03-02 00:00+00'), (9, now() + interval '1 day')");
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ("success", up_->run("daily_sales", Json::object()));
    EXPECT_EQ("2024-03-01 2 19.50; 2024-03-02 1 1.25",
              query("SELECT string_agg(concat_ws(' ', day, orders, amount), '; ' ORDER BY day) "
                    "FROM daily_sales"));
    EXPECT_EQ(std::to_string(run + 1), query("SELECT count(*) FROM millrace_effects"));
  }
}

TEST_F(SqlTrigger, AnEngineThatWasDownStartsTheRunsWhenItIsBack) {
  start_example();
  up_->program().signal(SIGKILL);
  up_->program().wait(seconds{30});
  const std::string id = query(R"(SELECT millrace.trigger('orders_import', '{"order": 7}'))");
  query(R"(BEGIN; SELECT millrace.trigger('orders_import', '{"order": 8}'); ROLLBACK)");
  EXPECT_EQ("waiting", query("SELECT state FROM millrace.triggers WHERE id = '" + id + "'"));
  up_.reset();
  start_example();
  ASSERT_TRUE(await_runs(1)) << runs().dump();
  EXPECT_EQ(id, runs().at(0)["run"].as_string());
}

/// Stores orders, each with a run, in transactions of which some are rolled back. No key: a command
/// that was stored twice would start two runs. `done` counts transactions that came to their end.
void write_orders(PrivateCluster& cluster, const std::string& dsn, unsigned seed,
                  const std::atomic<bool>& stop, std::atomic<int>& done) {
  std::mt19937 random(seed);
  std::unique_ptr<pqxx::connection> connection;
  while (!stop) {
    try {
      if (!connection || !connection->is_open())
        connection = std::make_unique<pqxx::connection>(dsn);
      pqxx::work work(*connection);
      work.exec(
          "WITH new AS (INSERT INTO orders DEFAULT VALUES RETURNING id) "
          "SELECT millrace.trigger('load', jsonb_build_object('order', id)) FROM new");
      if (random() % 3 != 0) work.commit();
      ++done;
      done.notify_all();
    } catch (const std::exception&) {
      connection.reset();  // only the table says whether a commit succeeded
      (void)cluster.ensure_running();
    }
  }
}

// The right value: the orders in the table. MILLRACE_SQL_KILLS=200 kills more often.
TEST_F(SqlTrigger, EachCommittedTransactionHasOneRunHoweverOftenPostgresqlIsKilled) {
  const char* asked = std::getenv("MILLRACE_SQL_KILLS");
  const int kills = asked == nullptr ? 2 : std::atoi(asked);
  const auto dags = folder_.path() / "dags";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(write_file_atomic(dags / "load.yaml",
                                "dag: load\nparams: {order: {type: integer}}\n"
                                "tasks:\n  a: {operator: noop}\n")
                  .ok());
  start_engine(dags);
  ASSERT_TRUE(eventually([&] { return !up_->get("/dags/load").is_null(); }));
  query("CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)");
  std::atomic<bool> stop = false;
  std::atomic<int> done = 0;
  std::vector<std::thread> writers;
  for (unsigned seed = 1; seed <= 2; ++seed)
    writers.emplace_back([&, seed] { write_orders(*cluster, dsn_, seed, stop, done); });
  std::mt19937 random(42);
  for (int kill = 0; kill < kills; ++kill) {
    const int until = done + 1 + static_cast<int>(random() % 10);
    for (int now = done; now < until; now = done) done.wait(now);
    if (kill % 3 == 1) {  // the whole server, by its postmaster
      const pid_t victim = cluster->postmaster();
      if (victim > 0) ::kill(victim, SIGKILL);
      continue;
    }
    const std::string victim = query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid() ORDER BY random() LIMIT 1");
    if (victim.empty()) continue;
    if (kill % 3 == 0)
      query("SELECT pg_terminate_backend(" + victim + ")");
    else
      ::kill(std::stoi(victim), SIGKILL);  // the server restarts all of its backends
  }
  stop = true;
  for (auto& writer : writers) writer.join();
  const std::string open =
      "SELECT count(*) FROM orders AS o WHERE NOT EXISTS (SELECT FROM millrace.run AS r JOIN "
      "millrace.run_end AS e USING (run) WHERE (r.params ->> 'order')::bigint = o.id AND e.status "
      "= 'success')";
  EXPECT_TRUE(eventually([&] { return query(open) == "0"; }, seconds{120})) << query(open);
  EXPECT_NE("0", query("SELECT count(*) FROM orders"));
  EXPECT_EQ(query("SELECT count(*) FROM orders"), query("SELECT count(*) FROM millrace.run"));
  EXPECT_EQ("0", query("SELECT count(*) FROM millrace.triggers WHERE state <> 'accepted'"));
  std::cout << "kills: " << kills << ", transactions: " << done
            << ", committed: " << query("SELECT count(*) FROM orders") << "\n";
}

}  // namespace
}  // namespace millrace::e2e
