#include "bench/many_runs.h"

#include <libpq-fe.h>

#include <memory>

namespace millrace::bench {
namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::int64_t kRunsPerCommit = 50'000;

// What is copied: each run's events as one row, in order, with their times.
constexpr const char* kTemplates = R"sql(
CREATE TEMP TABLE model AS
SELECT r.*, e.status, e.finished_at, row_number() OVER (PARTITION BY e.status ORDER BY r.run) - 1 AS place,
       count(*) OVER (PARTITION BY e.status) AS places
FROM millrace.run AS r JOIN millrace.run_end AS e USING (run);
CREATE TEMP TABLE model_journal AS
SELECT j.run, min(at) AS at, sum(n)::int AS n,
       '[' || string_agg(substr(events, 2, length(events) - 2), ',' ORDER BY seq) || ']' AS events,
       (SELECT array_agg((extract(epoch FROM k.at - m.created_at) * 1000000)::bigint + coalesce(k.ats[i], 0)
                         ORDER BY k.seq, i)
        FROM millrace.journal AS k, model AS m, generate_series(1, k.n) AS i
        WHERE k.run = j.run AND m.run = j.run) AS ats
FROM millrace.journal AS j JOIN model USING (run) GROUP BY j.run;
ANALYZE model; ANALYZE model_journal;
CREATE TEMP TABLE copy (i bigint, old uuid, run uuid, shift interval, seq bigint);
SET synchronous_commit = off;
)sql";

// $1 first, $2 last, $3 begin, $4 microseconds between two.
constexpr const char* kCopies[] = {
    "TRUNCATE copy",
    R"sql(
WITH made AS (
  SELECT i, m.run AS old, at, m.created_at,
         (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' ||
          lpad(to_hex(i % 4096), 3, '0') || '8' || lpad(to_hex(i), 15, '0'))::uuid AS run
  FROM (SELECT i, $3::timestamptz + i * $4::bigint * interval '1 microsecond' AS at
        FROM generate_series($1::bigint, $2::bigint) AS i) AS wish
  JOIN model AS m ON (m.status = 'failed') = (i % 100 = 7) AND i % m.places = m.place
)
INSERT INTO copy
SELECT i, old, made.run, made.at - made.created_at,
       millrace.journal_end() + 1 + sum(j.n) OVER (ORDER BY i) - j.n
FROM made JOIN model_journal AS j ON j.run = made.old)sql",
    R"sql(
INSERT INTO millrace.journal (seq, batch, batch_events, epoch, run, n, at, ats, events)
SELECT c.seq, c.seq, j.n, 1, c.run, j.n, j.at + c.shift, j.ats, j.events
FROM copy AS c JOIN model_journal AS j ON j.run = c.old ORDER BY c.seq)sql",
    R"sql(
INSERT INTO millrace.run
SELECT c.run, dag, namespace, version, type, logical_date, interval_start, interval_end, params, trigger, trace_id,
       actor, reason, created_at + shift, c.seq
FROM copy AS c JOIN model AS m ON m.run = c.old ORDER BY c.i)sql",
    R"sql(
INSERT INTO millrace.run_end
SELECT c.run, status, finished_at + shift, dag FROM copy AS c JOIN model AS m ON m.run = c.old ORDER BY c.i)sql",
    R"sql(
INSERT INTO millrace.task_instance
SELECT c.run, task, map_index, state, attempt, started_at + shift, ended_at + shift, error
FROM copy AS c JOIN millrace.task_instance AS t ON t.run = c.old ORDER BY c.i, task)sql",
    R"sql(
INSERT INTO millrace.log_chunk
SELECT c.run, task, map_index, attempt, first_byte, text, at + shift
FROM copy AS c JOIN millrace.log_chunk AS l ON l.run = c.old ORDER BY c.i)sql",
};

Connection connect(const std::string& dsn) {
  return Connection(PQconnectdb((dsn + " options='-c statement_timeout=0 -c jit=off'").c_str()),
                    PQfinish);
}

Result<Answer> ask(PGconn* connection, const char* sql,
                   const std::vector<std::string>& params = {}) {
  std::vector<const char*> values;
  for (const auto& param : params) values.push_back(param.c_str());
  Answer answer(params.empty() ? PQexec(connection, sql)
                               : PQexecParams(connection, sql, static_cast<int>(values.size()),
                                              nullptr, values.data(), nullptr, nullptr, 0),
                PQclear);
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    return unavailable(PQerrorMessage(connection));
  return answer;
}

Status copy_some(PGconn* connection, std::int64_t first, std::int64_t last, const ManyRuns& wish) {
  const std::string begin = format_rfc3339(wish.begin),
                    step = std::to_string((wish.end - wish.begin).count() / wish.runs);
  MR_CHECK(ask(connection, "BEGIN"));
  for (const char* sql : kCopies) {
    const bool makes_ids = std::string_view(sql).find("$4") != std::string_view::npos;
    MR_CHECK(ask(connection, sql,
                 makes_ids ? std::vector{std::to_string(first), std::to_string(last), begin, step}
                           : std::vector<std::string>{}));
  }
  MR_CHECK(ask(connection, "COMMIT"));
  return {};
}

}  // namespace

Status copy_runs(const std::string& dsn, const ManyRuns& wish) {
  const Connection connection = connect(dsn);
  MR_CHECK(ask(connection.get(), kTemplates));
  for (std::int64_t first = 0; first < wish.runs; first += kRunsPerCommit)
    MR_CHECK(
        copy_some(connection.get(), first, std::min(first + kRunsPerCommit, wish.runs) - 1, wish));
  MR_CHECK(ask(connection.get(), "VACUUM ANALYZE"));
  MR_CHECK(ask(connection.get(), "CHECKPOINT"));
  return {};
}

Result<std::vector<Uuid>> some_runs(const std::string& dsn, int count) {
  const Connection connection = connect(dsn);
  MR_TRY(const Answer answer,
         ask(connection.get(),
             "SELECT run FROM (SELECT run, row_number() OVER (ORDER BY run) AS n,"
             " count(*) OVER () AS all_runs FROM millrace.run) AS r"
             " WHERE n % greatest(all_runs / $1::bigint, 1) = 0",
             {std::to_string(count)}));
  std::vector<Uuid> runs;
  for (int i = 0; i < PQntuples(answer.get()); ++i) {
    MR_TRY(const Uuid run, Uuid::parse(PQgetvalue(answer.get(), i, 0)));
    runs.push_back(run);
  }
  return runs;
}

Result<Weight> weight(const std::string& dsn) {
  const Connection connection = connect(dsn);
  MR_TRY(
      const Answer answer,
      ask(connection.get(),
          "SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
          "        WHERE relnamespace = 'millrace'::regnamespace AND relkind = 'r'),"
          " (SELECT count(*) FROM millrace.run), (SELECT count(*) FROM millrace.task_instance)"));
  const auto number = [&](int column) { return std::atoll(PQgetvalue(answer.get(), 0, column)); };
  return Weight{number(0), number(1), number(2)};
}

}  // namespace millrace::bench
