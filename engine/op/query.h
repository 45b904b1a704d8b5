// Queries: what an operator may ask of the engine's store. Each is a struct with its arguments, and
// with `Answer`. OperatorContext::query asks; engine/exec/query_service.h answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/record_json.h"
#include "engine/base/time.h"

namespace millrace {

/// One that serves without being registered has its artifact alone.
struct KnownVersion {
  std::string artifact;
  int version = 0;
  std::string algorithm = {};
  Json metrics = {};
  Json params = {};
  std::string manifest = {};
  std::optional<Time> created_at = {};
  std::string not_shipped = {};

  static constexpr auto fields() {
    return std::tuple{
        field("artifact", &KnownVersion::artifact, "Digest of the serialised model"),
        field("version", &KnownVersion::version, "From 1; 0: not registered").optional(),
        field("algorithm", &KnownVersion::algorithm, "How it was trained").optional(),
        field("metrics", &KnownVersion::metrics, "Metrics of the training").optional(),
        field("params", &KnownVersion::params, "Parameters of the training").optional(),
        field("manifest", &KnownVersion::manifest, "Digest of the training's record").optional(),
        field("created_at", &KnownVersion::created_at, "When it was registered").optional(),
        field("not_shipped", &KnownVersion::not_shipped, "Why it must not be deployed, or empty")
            .optional()};
  }
};

/// What serves a model now. A model without a deployment has no champion.
struct DeploymentQuery {
  static constexpr std::string_view kind = "deployment";
  struct Answer {
    std::string model;
    std::optional<KnownVersion> champion = {};
    std::optional<KnownVersion> candidate = {};
    std::optional<KnownVersion> last_good = {};
    double weight = 0;
    std::int64_t revision = 0;

    static constexpr auto fields() {
      return std::tuple{
          field("model", &Answer::model, "The served model"),
          field("champion", &Answer::champion, "What has the traffic").optional(),
          field("candidate", &Answer::candidate, "What is under canary").optional(),
          field("last_good", &Answer::last_good, "The champion before").optional(),
          field("weight", &Answer::weight, "Percent of the traffic that the candidate gets"),
          field("revision", &Answer::revision, "Grows with each change")};
    }
  };
  std::string model;

  static constexpr auto fields() {
    return std::tuple{field("model", &DeploymentQuery::model, "The served model").not_empty()};
  }
};

/// "" for none.
inline std::string artifact_of(const std::optional<KnownVersion>& version) {
  return version ? version->artifact : std::string();
}

/// What the model server measured since `since`, or since the deployment has had the revision.
struct ServingQuery {
  static constexpr std::string_view kind = "serving_metrics";
  struct Latency {
    double p50 = 0, p95 = 0, p99 = 0, mean = 0;

    static constexpr auto fields() {
      return std::tuple{
          field("p50", &Latency::p50, "Median"), field("p95", &Latency::p95, "95th percentile"),
          field("p99", &Latency::p99, "99th percentile"), field("mean", &Latency::mean, "Mean")};
    }
  };
  struct Version {
    std::string artifact;
    std::string role;  // "champion", "baseline" or "candidate"
    std::int64_t requests = 0, errors = 0;
    Latency latency_ms = {};
    std::int64_t outcomes = 0;
    double business_sum = 0, business_sum_squares = 0;
    bool tripped = false;

    static constexpr auto fields() {
      return std::tuple{
          field("artifact", &Version::artifact, "Digest of the version"),
          field("role", &Version::role, "champion, baseline or candidate"),
          field("requests", &Version::requests, "How many"),
          field("errors", &Version::errors, "Of these, how many failed"),
          field("latency_ms", &Version::latency_ms, "Of the requests"),
          field("outcomes", &Version::outcomes, "Requests whose outcome is known"),
          field("business_sum", &Version::business_sum, "Sum of their values"),
          field("business_sum_squares", &Version::business_sum_squares, "Sum of the squares"),
          field("tripped", &Version::tripped, "Its circuit breaker opened")};
    }
  };
  struct Answer {
    std::vector<Version> versions;

    static constexpr auto fields() {
      return std::tuple{field("versions", &Answer::versions, "One for each version and role")};
    }
  };
  std::string model;
  std::optional<Time> since = {};
  std::int64_t from_revision = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ServingQuery::model, "The served model").not_empty(),
        field("since", &ServingQuery::since, "From then on").optional(),
        field("from_revision", &ServingQuery::from_revision, "From this revision on").optional()};
  }
};

/// A registered version; not_found if there is none.
struct VersionQuery {
  static constexpr std::string_view kind = "model_version";
  using Answer = KnownVersion;
  std::string model;
  std::string artifact;

  static constexpr auto fields() {
    return std::tuple{
        field("model", &VersionQuery::model, "The model").not_empty(),
        field("artifact", &VersionQuery::artifact, "Digest of the version").not_empty()};
  }
};

/// A published artifact; not_found if there is none.
struct ArtifactQuery {
  static constexpr std::string_view kind = "artifact";
  struct Answer {
    std::string digest, artifact_kind, name = {};
    std::int64_t bytes = 0, rows = -1;
    Json schema = {};
    std::vector<std::string> inputs = {};

    static constexpr auto fields() {
      return std::tuple{field("digest", &Answer::digest, "SHA-256 of the content"),
                        field("kind", &Answer::artifact_kind, "table, model, report or file"),
                        field("name", &Answer::name, "For people").optional(),
                        field("bytes", &Answer::bytes, "Size of the content"),
                        field("rows", &Answer::rows, "Rows of a table; -1 otherwise"),
                        field("schema", &Answer::schema, "Columns of a table").optional(),
                        field("inputs", &Answer::inputs, "Digests of what it was made from")};
    }
  };
  std::string digest;

  static constexpr auto fields() {
    return std::tuple{
        field("digest", &ArtifactQuery::digest, "SHA-256 of the content").not_empty()};
  }
};

/// What a dataset holds now; not_found if it was never updated.
struct DatasetQuery {
  static constexpr std::string_view kind = "dataset";
  struct Answer {
    std::string dataset, artifact;
    std::int64_t rows = -1;
    Time updated_at{};

    static constexpr auto fields() {
      return std::tuple{field("dataset", &Answer::dataset, "The dataset's name"),
                        field("artifact", &Answer::artifact, "Digest of its content"),
                        field("rows", &Answer::rows, "Its rows; -1 if unknown"),
                        field("updated_at", &Answer::updated_at, "When it was updated last")};
    }
  };
  std::string dataset;

  static constexpr auto fields() {
    return std::tuple{field("dataset", &DatasetQuery::dataset, "The dataset's name").not_empty()};
  }
};

/// The newest run of a DAG for a logical date.
struct RunOfDateQuery {
  static constexpr std::string_view kind = "run_of_date";
  struct Answer {
    std::string run;  // "": there is none
    std::string state = {};
    Json outputs = {};
    bool dag_exists = true;

    static constexpr auto fields() {
      return std::tuple{
          field("run", &Answer::run, "Its id; \"\": there is none"),
          field("state", &Answer::state, "queued, running, or how it ended").optional(),
          field("outputs", &Answer::outputs, "Of the DAG, once the run has succeeded").optional(),
          field("dag_exists", &Answer::dag_exists, "False: the namespace has no such DAG")};
    }
  };
  std::string dag;
  Time logical_date{};

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &RunOfDateQuery::dag, "The DAG's id").not_empty(),
        field("logical_date", &RunOfDateQuery::logical_date, "The date that the run stands for")};
  }
};

}  // namespace millrace
