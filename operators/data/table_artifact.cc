#include "operators/data/table_artifact.h"

#include <algorithm>
#include <thread>

namespace millrace {

Result<data::Session> open_session(OperatorContext& ctx,
                                   const std::vector<std::filesystem::path>& files, bool places) {
  data::SessionOptions options;
  options.files = files;
  options.folders = {ctx.work_dir()};
  options.temp_dir = ctx.work_dir() / "spill";
  options.threads = static_cast<int>(std::min(std::thread::hardware_concurrency(), 16u));
  options.places = places;
  options.cancelled = [&ctx] { return ctx.cancelled(); };
  return data::Session::open(std::move(options));
}

Result<TableArtifact> write_table(OperatorContext& ctx, data::Session& session,
                                  std::string_view select, std::string_view name,
                                  std::vector<std::string> inputs) {
  const auto file = ctx.work_dir() / (std::string(name) + ".parquet");
  MR_CHECK(session.write_parquet(select, file));
  TableArtifact out;
  MR_TRY(out.statistics, data::table_statistics(session, file));
  MR_TRY(out.stored, ctx.artifacts().put_file(file));
  out.effect.digest = out.stored.digest;
  out.effect.artifact_kind = "table";
  out.effect.name = name;
  out.effect.bytes = out.stored.bytes;
  out.effect.rows = out.statistics.rows;
  out.effect.schema = out.statistics.columns;
  out.effect.inputs = std::move(inputs);
  return out;
}

Result<PublishArtifact> write_report(OperatorContext& ctx, std::string_view text,
                                     std::string_view name, std::vector<std::string> inputs) {
  MR_TRY(const StoredArtifact stored, ctx.artifacts().put_text(text));
  PublishArtifact effect;
  effect.digest = stored.digest;
  effect.artifact_kind = "report";
  effect.name = name;
  effect.bytes = stored.bytes;
  effect.inputs = std::move(inputs);
  return effect;
}

Json statistics_summary(const data::TableStatistics& statistics) {
  Json out = Json::object();
  for (const auto& column : statistics.columns.items()) {
    Json summary = Json::object();
    for (const char* what : {"nulls", "min", "max", "mean"})
      if (const Json* value = column.find(what); value != nullptr) summary.set(what, *value);
    out.set(column["name"].as_view(), std::move(summary));
  }
  return out;
}

Json column_names(const data::TableStatistics& statistics) {
  Json out = Json::array();
  for (const auto& column : statistics.columns.items()) out.push_back(column["name"]);
  return out;
}

Json outputs_of(const TableArtifact& table) {
  return Json::object({{"table", table.stored.digest},
                       {"rows", table.statistics.rows},
                       {"columns", column_names(table.statistics)},
                       {"bytes", table.stored.bytes},
                       {"statistics", statistics_summary(table.statistics)}});
}

std::vector<std::pair<std::string, std::string>> table_outputs(
    std::vector<std::pair<std::string, std::string>> more) {
  std::vector<std::pair<std::string, std::string>> out = {
      {"table", "digest of the Parquet artifact"},
      {"rows", "number of rows"},
      {"columns", "names of the columns"},
      {"bytes", "size of the artifact"},
      {"statistics", "nulls, min, max and mean of each column"}};
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return out;
}

}  // namespace millrace
