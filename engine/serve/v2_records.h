// What the model server answers over REST, as records; v2_endpoints.cc says where. A member that is
// optional is left out where there is nothing to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"

namespace millrace::serve {

struct ServerMetadata {
  static constexpr std::string_view record_name = "ServerMetadata";
  static constexpr std::string_view record_doc = "The server and what it adds to the protocol.";
  std::string name, version;
  std::vector<std::string> extensions;

  static constexpr auto fields() {
    return std::tuple{field("name", &ServerMetadata::name, "millrace"),
                      field("version", &ServerMetadata::version, "Version of Millrace"),
                      field("extensions", &ServerMetadata::extensions, "What is offered as well")};
  }
};

struct ServerLive {
  static constexpr std::string_view record_name = "ServerLive";
  static constexpr std::string_view record_doc = "The process answers.";
  bool live = true;

  static constexpr auto fields() {
    return std::tuple{field("live", &ServerLive::live, "Always true")};
  }
};

struct ServerReady {
  static constexpr std::string_view record_name = "ServerReady";
  static constexpr std::string_view record_doc = "Whether the deployments have been read.";
  bool ready = false;
  std::vector<std::string> models_not_ready;

  static constexpr auto fields() {
    return std::tuple{field("ready", &ServerReady::ready, "False only while the server starts"),
                      field("models_not_ready", &ServerReady::models_not_ready,
                            "Models that cannot be loaded; the others are served")
                          .optional()};
  }
};

struct ModelReady {
  static constexpr std::string_view record_name = "ModelReady";
  static constexpr std::string_view record_doc = "The model, or the version, is loaded.";
  std::string name;
  bool ready = true;

  static constexpr auto fields() {
    return std::tuple{field("name", &ModelReady::name, "The model"),
                      field("ready", &ModelReady::ready, "Always true; otherwise 404 or 503")};
  }
};

struct TensorMetadata {
  static constexpr std::string_view record_name = "TensorMetadata";
  static constexpr std::string_view record_doc = "An input or output of a model.";
  std::string name, datatype;
  std::vector<std::int64_t> shape;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &TensorMetadata::name, "Its name in requests and answers"),
        field("datatype", &TensorMetadata::datatype, "FP64 or INT64; requests may use others"),
        field("shape", &TensorMetadata::shape, "-1: the number of rows")};
  }
};

struct ModelParameters {
  static constexpr std::string_view record_name = "ModelParameters";
  static constexpr std::string_view record_doc = "What V2 has no member for.";
  std::string version, artifact;
  TensorMetadata matrix_input;
  std::optional<std::string> entity_input;

  static constexpr auto fields() {
    return std::tuple{
        field("version", &ModelParameters::version, "The version described"),
        field("artifact", &ModelParameters::artifact, "Its digest"),
        field("matrix_input", &ModelParameters::matrix_input,
              "One input with all features, in the order of `inputs`, instead of one each"),
        field("entity_input", &ModelParameters::entity_input,
              "The input that may name the entity; null if features have all its names")};
  }
};

struct ModelMetadata {
  static constexpr std::string_view record_name = "ModelMetadata";
  static constexpr std::string_view record_doc = "A served model: its versions, inputs, outputs.";
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs, outputs;
  ModelParameters parameters;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &ModelMetadata::name, "The model"),
        field("versions", &ModelMetadata::versions, "Versions that can be named"),
        field("platform", &ModelMetadata::platform, "The algorithm, e.g. millrace_logistic"),
        field("inputs", &ModelMetadata::inputs, "Its features"),
        field("outputs", &ModelMetadata::outputs, "probability and label, or prediction"),
        field("parameters", &ModelMetadata::parameters, "More about the version")};
  }
};

struct IndexEntry {
  static constexpr std::string_view record_name = "IndexEntry";
  static constexpr std::string_view record_doc =
      "A version that is loaded, or a model that is not.";
  std::string name, version, state, reason;

  static constexpr auto fields() {
    return std::tuple{field("name", &IndexEntry::name, "The model"),
                      field("version", &IndexEntry::version, "The version").optional(),
                      field("state", &IndexEntry::state, "READY or UNAVAILABLE"),
                      field("reason", &IndexEntry::reason, "Why it is unavailable").optional()};
  }
};

struct OutcomeProblem {
  static constexpr std::string_view record_name = "OutcomeProblem";
  static constexpr std::string_view record_doc = "An outcome that was not understood.";
  std::int64_t index = 0;
  std::string error;

  static constexpr auto fields() {
    return std::tuple{field("index", &OutcomeProblem::index, "Its place in the list, from 0"),
                      field("error", &OutcomeProblem::error, "What is wrong")};
  }
};

struct OutcomesResult {
  static constexpr std::string_view record_name = "OutcomesResult";
  static constexpr std::string_view record_doc =
      "How many outcomes of a request were counted, repeated or unknown.";
  std::int64_t matched = 0, repeated = 0, unknown = 0;
  std::vector<OutcomeProblem> errors;

  static constexpr auto fields() {
    return std::tuple{
        field("matched", &OutcomesResult::matched, "Scored for the version that predicted"),
        field("repeated", &OutcomesResult::repeated, "Known before; they count once"),
        field("unknown", &OutcomesResult::unknown,
              "Of predictions that this process does not remember; they count for nothing"),
        field("errors", &OutcomesResult::errors, "The first ten that were not understood")};
  }
};

struct ServedVersion {
  static constexpr std::string_view record_name = "ServedVersion";
  static constexpr std::string_view record_doc = "A version that receives traffic.";
  std::string version, artifact;

  static constexpr auto fields() {
    return std::tuple{field("version", &ServedVersion::version, "Its number"),
                      field("artifact", &ServedVersion::artifact, "Its digest")};
  }
};

struct LatencySummary {
  static constexpr std::string_view record_name = "LatencySummary";
  static constexpr std::string_view record_doc = "Time to answer, in microseconds.";
  double p50 = 0, p95 = 0, p99 = 0;
  std::optional<double> mean;

  static constexpr auto fields() {
    return std::tuple{field("p50", &LatencySummary::p50, "Bound of the bucket with the median"),
                      field("p95", &LatencySummary::p95, "The same of the 95 % quantile"),
                      field("p99", &LatencySummary::p99, "The same of the 99 % quantile"),
                      field("mean", &LatencySummary::mean, "null without a request")};
  }
};

struct VersionTotals {
  static constexpr std::string_view record_name = "VersionTotals";
  static constexpr std::string_view record_doc = "What this process measured of one version.";
  std::string version, artifact, role;
  std::int64_t requests = 0, errors = 0;
  LatencySummary latency_us;
  std::int64_t outcomes = 0;
  std::optional<double> business_mean;

  static constexpr auto fields() {
    return std::tuple{
        field("version", &VersionTotals::version, "Its number"),
        field("artifact", &VersionTotals::artifact, "Its digest"),
        field("role", &VersionTotals::role, "champion or candidate"),
        field("requests", &VersionTotals::requests, "Requests answered"),
        field("errors", &VersionTotals::errors, "Of these, failed"),
        field("latency_us", &VersionTotals::latency_us, "Time to answer"),
        field("outcomes", &VersionTotals::outcomes, "Predictions whose outcome is known"),
        field("business_mean", &VersionTotals::business_mean, "Mean score of these outcomes")};
  }
};

struct LogTotals {
  static constexpr std::string_view record_name = "LogTotals";
  static constexpr std::string_view record_doc =
      "How many predictions of this process were stored, dropped or are waiting, of all models.";
  std::int64_t logged = 0, sampled_out = 0, thinned = 0, waited = 0;
  std::int64_t dropped = 0, dropped_batches = 0, spooled_batches = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("logged", &LogTotals::logged, "Put into batches"),
        field("sampled_out", &LogTotals::sampled_out, "Left out by --log-sampling"),
        field("thinned", &LogTotals::thinned, "Left out since the queue was filling"),
        field("waited", &LogTotals::waited, "Times that a request waited for room"),
        field("dropped", &LogTotals::dropped, "Lost: the queue was full, or the disk"),
        field("dropped_batches", &LogTotals::dropped_batches, "Lost: the spool was full"),
        field("spooled_batches", &LogTotals::spooled_batches, "On disk, not in the database yet")};
  }
};

struct ModelStats {
  static constexpr std::string_view record_name = "ModelStats";
  static constexpr std::string_view record_doc = "Traffic, breaker and measurements of a model.";
  std::string model;
  std::int64_t revision = 0;
  std::optional<ServedVersion> champion, candidate;
  double weight = 0;
  bool tripped = false;
  std::string problem;
  LogTotals log;
  Json breaker;
  std::vector<VersionTotals> series;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ModelStats::model, "The model"),
        field("revision", &ModelStats::revision, "Revision of its deployment"),
        field("champion", &ModelStats::champion, "null: it could not be loaded"),
        field("candidate", &ModelStats::candidate, "null: there is none"),
        field("weight", &ModelStats::weight, "Percent of the traffic that the candidate gets"),
        field("tripped", &ModelStats::tripped, "True: the circuit breaker opened"),
        field("problem", &ModelStats::problem, "What could not be loaded, and why"),
        field("log", &ModelStats::log, "The prediction log"),
        field("breaker", &ModelStats::breaker, "The breaker's window; null without a candidate"),
        field("series", &ModelStats::series, "Totals of each version")};
  }
};

}  // namespace millrace::serve
