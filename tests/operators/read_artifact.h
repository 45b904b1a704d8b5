// The rows of a table artifact, for assertions.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/data/scan.h"
#include "engine/data/session.h"
#include "engine/data/sql.h"
#include "tests/operators/fake_context.h"

namespace millrace {

/// `sql` with the artifact's relation for every `$table`.
inline data::Table query_artifact(FakeContext& ctx, const Json& digest, std::string sql) {
  const auto stored = ctx.store().get(digest.as_view());
  if (!stored) {
    ADD_FAILURE() << stored.error().message;
    return {};
  }
  auto session = data::Session::open({.files = {stored->path}});
  const std::string name = "$table";
  for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name))
    sql.replace(at, name.size(), data::parquet_relation(stored->path));
  auto table = session->query(sql);
  if (!table) {
    ADD_FAILURE() << table.error().message;
    return {};
  }
  return *std::move(table);
}

/// All rows as JSON: [{"a":1,…},…]
inline std::string rows_of(FakeContext& ctx, const Json& digest) {
  return query_artifact(ctx, digest, "SELECT * FROM $table").to_json().dump();
}

/// Puts the rows of a SELECT into the store, as an upstream task would have. It may read artifacts.
inline std::string put_table(FakeContext& ctx, const std::string& select) {
  auto session =
      data::Session::open({.folders = {ctx.work_dir(), ctx.work_dir().parent_path() / "artifacts",
                                       MILLRACE_SOURCE_DIR}});
  const auto file = ctx.work_dir() / "upstream.parquet";
  const auto written = session->write_parquet(select, file);
  EXPECT_TRUE(written.ok()) << written.error().message;
  auto stored = ctx.store().put_file(file);
  EXPECT_TRUE(stored.ok()) << stored.error().message;
  return stored ? stored->digest : "";
}

}  // namespace millrace
