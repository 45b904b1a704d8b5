#include "engine/app/demo.h"

#include "engine/data/session.h"
#include "engine/data/sql.h"

namespace millrace::demo {
namespace {

constexpr std::string_view kSource = "node_modules/vega-datasets/data/flights-3m.parquet";

/// The folder above `dags` that holds node_modules.
Result<std::filesystem::path> find_source(const std::filesystem::path& dags) {
  for (auto folder = std::filesystem::absolute(dags); folder.has_relative_path();
       folder = folder.parent_path())
    if (std::filesystem::exists(folder / kSource)) return folder / kSource;
  return not_found("the flights data is missing: './run setup' fetches it into node_modules");
}

}  // namespace

Status prepare_data(const std::filesystem::path& dags) {
  MR_TRY(const auto source, find_source(dags));
  const auto folder = dags / "data";
  const auto flights = folder / "flights-3m.parquet";
  const auto broken = folder / "flights-broken.parquet";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::exists(flights)) {
    const auto partial = folder / "flights.partial";
    std::filesystem::copy_file(source, partial, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (!error) std::filesystem::rename(partial, flights, error);
    if (error)
      return unavailable("cannot copy the flights into '" + folder.string() +
                         "': " + error.message());
  }
  if (std::filesystem::exists(broken)) return {};
  MR_TRY(data::Session session,
         data::Session::open({.folders = {std::filesystem::absolute(folder)}}));
  const auto partial = std::filesystem::absolute(folder) / "broken.partial";
  std::filesystem::remove(partial, error);
  MR_CHECK(session.write_parquet(
      "SELECT date, CASE WHEN date >= TIMESTAMP '2001-06-01' AND hash(origin, date) % 12 = 0 THEN "
      "NULL "
      "ELSE delay END AS delay, CASE WHEN date >= TIMESTAMP '2001-06-01' THEN CAST(round(distance "
      "* 1.609) "
      "AS BIGINT) ELSE distance END AS distance, origin, destination FROM read_parquet(" +
          data::quote_literal(std::filesystem::absolute(flights).string()) +
          ") WHERE date >= TIMESTAMP '2001-05-01'",
      partial));
  std::filesystem::rename(partial, broken, error);
  return error ? Status{unavailable("cannot write '" + broken.string() + "': " + error.message())}
               : Status{};
}

}  // namespace millrace::demo
