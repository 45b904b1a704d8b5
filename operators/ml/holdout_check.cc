#include "operators/ml/holdout_check.h"

#include <algorithm>
#include <cmath>

#include "engine/base/file.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/op/query.h"
#include "operators/data/table_artifact.h"
#include "operators/ml/labelled_table.h"

namespace millrace::operators {
namespace {

using data::join;
using data::quote_identifier;

constexpr std::size_t kMaxManifestBytes = 64u << 20;

std::string instant(Time time) { return "make_timestamp(" + std::to_string(to_micros(time)) + ")"; }

std::string time_of(const std::string& column) {
  return "CAST(" + quote_identifier(column) + " AS TIMESTAMP)";
}

/// The rows with a label whose time lies in [from, to), or all.
std::string condition_of(const HoldoutRows& holdout) {
  std::string out = quote_identifier(holdout.label) + " IS NOT NULL";
  if (holdout.timestamp.empty()) return out;
  if (holdout.from != kTimeMin)
    out += " AND " + time_of(holdout.timestamp) + " >= " + instant(holdout.from);
  if (holdout.to != kTimeMax)
    out += " AND " + time_of(holdout.timestamp) + " < " + instant(holdout.to);
  return out;
}

/// The rows that training saw: "(SELECT * …)".
std::string training_rows(const TrainingRecord& training, const std::string& relation) {
  std::string out =
      "(SELECT * FROM " + relation + " WHERE " + quote_identifier(training.label) + " IS NOT NULL";
  if (training.first && training.last)
    return out + " AND " + time_of(training.timestamp) + " BETWEEN " + instant(*training.first) +
           " AND " + instant(*training.last) + ")";
  return out + " LIMIT " + std::to_string(training.rows) + ")";
}

/// A row as one number: of the features, the label and the time, whatever their types.
std::string key_of(const TrainingRecord& training, const std::string& label,
                   const std::string& timestamp) {
  std::vector<std::string> parts;
  for (const auto& feature : training.features)
    parts.push_back("CAST(" + quote_identifier(feature) + " AS DOUBLE)");
  parts.push_back("CAST(" + quote_identifier(label) + " AS DOUBLE)");
  if (!timestamp.empty()) parts.push_back(time_of(timestamp));
  return "hash(" + join(parts, ", ") + ")";
}

Result<bool> has_column(data::Session& session, const std::string& relation,
                        const std::string& column) {
  if (column.empty()) return false;
  MR_TRY(const data::Table empty, session.query("SELECT * FROM " + relation + " LIMIT 0"));
  return empty.find(column) != nullptr;
}

/// One table: the rows of the training that are rows of the holdout as well.
Result<Overlap> count_in_one_table(data::Session& session, const TrainingRecord& training,
                                   const HoldoutRows& holdout, const std::string& relation) {
  const std::string learnt = training_rows(training, relation);
  MR_TRY(const data::Table counts,
         session.query("SELECT (SELECT count(*) FROM " + learnt +
                       ") AS training, (SELECT count(*) FROM " + relation + " WHERE " +
                       condition_of(holdout) + ") AS held, (SELECT count(*) FROM " + learnt +
                       " WHERE " + condition_of(holdout) + ") AS shared"));
  return Overlap{counts.at(0, "training").as_int(), counts.at(0, "held").as_int(),
                 counts.at(0, "shared").as_int(), 0};
}

Result<Overlap> count_in_two_tables(data::Session& session, const TrainingRecord& training,
                                    const HoldoutRows& holdout, const std::string& learnt_from,
                                    const std::string& judged_on) {
  // The time tells rows apart that are equal otherwise; the training's name for it comes first.
  std::string learnt_time = training.timestamp, judged_time = holdout.timestamp;
  if (judged_time.empty()) {
    MR_TRY(const bool same_name, has_column(session, judged_on, learnt_time));
    judged_time = same_name ? learnt_time : "";
  }
  if (learnt_time.empty()) {
    MR_TRY(const bool same_name, has_column(session, learnt_from, judged_time));
    learnt_time = same_name ? judged_time : "";
  }
  if (learnt_time.empty() || judged_time.empty()) learnt_time = judged_time = "";
  MR_TRY(const data::Table counts,
         session.query("WITH learnt AS MATERIALIZED (SELECT k, count(*) AS n FROM (SELECT " +
                       key_of(training, training.label, learnt_time) + " AS k FROM " +
                       training_rows(training, learnt_from) + ") GROUP BY k), held AS (SELECT " +
                       key_of(training, holdout.label, judged_time) + " AS k FROM " + judged_on +
                       " WHERE " + condition_of(holdout) +
                       ") SELECT (SELECT coalesce(sum(n), 0)::BIGINT FROM learnt) AS training, "
                       "(SELECT coalesce(sum(n), 0)::BIGINT FROM learnt WHERE n > 1) AS repeated, "
                       "count(*) AS held, count(*) FILTER (WHERE k IN (SELECT k FROM learnt)) AS "
                       "shared FROM held"));
  Overlap out{counts.at(0, "training").as_int(), counts.at(0, "held").as_int(),
              counts.at(0, "shared").as_int(), 0};
  const auto repeated = counts.at(0, "repeated").as_double();
  if (repeated == 0 || out.training_rows == 0) return out;
  const double share = repeated / static_cast<double>(out.training_rows);
  const auto held = static_cast<double>(out.holdout_rows);
  out.by_chance = std::min(held, share * held + 3 * std::sqrt(held * share * (1 - share)) + 1);
  return out;
}

}  // namespace

double Overlap::excess() const {
  return std::max(0.0, static_cast<double>(shared_rows) - by_chance);
}

Result<TrainingRecord> training_record(OperatorContext& ctx, const std::string& model,
                                       const std::string& artifact) {
  MR_TRY(const KnownVersion version, ctx.query(VersionQuery{model, artifact}));
  const std::string& digest = version.manifest;
  if (digest.empty()) return not_found("the version was registered without a manifest");
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(digest));
  MR_TRY(const std::string text, read_file(stored.path, kMaxManifestBytes));
  MR_TRY(const Json manifest, Json::parse(text));
  TrainingRecord out;
  out.data = manifest["data"].as_string();
  out.label = manifest["label"].as_string();
  out.timestamp = manifest["timestamp"].as_string();
  for (const auto& feature : manifest["features"].items())
    out.features.push_back(feature.as_string());
  const Json& train = manifest["split"]["train"];
  out.rows = train["rows"].as_int();
  if (train.contains("first")) {
    MR_TRY(out.first, parse_rfc3339(train["first"].as_view()));
    MR_TRY(out.last, parse_rfc3339(train["last"].as_view()));
  }
  if (out.data.empty() || out.label.empty() || out.features.empty())
    return not_found("its manifest does not say what it learnt from");
  return out;
}

Result<Overlap> count_overlap(OperatorContext& ctx, const TrainingRecord& training,
                              const HoldoutRows& holdout) {
  MR_TRY(const StoredArtifact learnt, ctx.artifacts().get(training.data));
  MR_TRY(const StoredArtifact judged, ctx.artifacts().get(holdout.data));
  MR_TRY(auto session, open_session(ctx, {learnt.path, judged.path}));
  MR_TRY(const std::string learnt_from, data::table_relation(session, learnt.path));
  if (training.data == holdout.data && training.label == holdout.label)
    return count_in_one_table(session, training, holdout, learnt_from);
  MR_TRY(const std::string judged_on, data::table_relation(session, judged.path));
  return count_in_two_tables(session, training, holdout, learnt_from, judged_on);
}

}  // namespace millrace::operators
