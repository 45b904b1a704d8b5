// A table to learn from: a row a minute from 2001-01-01 on, whose outcome depends on x and z.
#pragma once

#include <string>

#include "engine/data/session.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {

/// The digest of the rows [first, last), put into the context's store. Chance comes from DuckDB's
/// hash of the row's number, so that every run sees the same table.
inline std::string sample_table(FakeContext& ctx, int first, int last) {
  data::SessionOptions options;
  options.folders = {ctx.work_dir()};
  auto session = data::Session::open(std::move(options));
  if (!session) {
    ADD_FAILURE() << session.error().to_string();
    return "";
  }
  const std::string select =
      "SELECT TIMESTAMP '2001-01-01' + to_minutes(i) AS at, i AS id, 'XY' AS carrier, x, z,"
      "       (u < 1 / (1 + exp(2 - 3 * x - 2 * z))) AS late, 10 * x + z + u AS minutes"
      "  FROM (SELECT i, (hash(i) % 10000) / 10000.0 AS x, (hash(i + 1000000) % 10000) / 10000.0 "
      "AS z,"
      "               (hash(i + 2000000) % 10000) / 10000.0 AS u"
      "          FROM range(" +
      std::to_string(first) + ", " + std::to_string(last) +
      ") t(i)) rows"
      " ORDER BY i";
  const auto file = ctx.work_dir() / ("sample-" + std::to_string(first) + ".parquet");
  if (const Status written = session->write_parquet(select, file); !written)
    ADD_FAILURE() << written.error().to_string();
  const auto stored = ctx.artifacts().put_file(file);
  return stored ? stored->digest : "";
}

}  // namespace millrace::operators
