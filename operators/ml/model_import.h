// model.import: registers a model that another tool has trained. It serves, is evaluated and ships
// as one that `train` has made.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct ModelImport {
  static constexpr std::string_view name = "model.import";
  static constexpr std::string_view doc =
      "Registers a model that another tool has trained: an XGBoost file (JSON), or a linear or "
      "logistic model of scikit-learn that `save_model` of the Python helper file has written. "
      "With `data` and `prediction`, the imported model must give the predictions that the tool "
      "gave; with `label`, its metrics are measured. Pickle files are refused, because to read one "
      "runs the program in it.";
  static constexpr int version = 1;

  std::string model, file, path, data, label, prediction, tool;
  std::string trained_on, timestamp, trained_from, trained_to;
  std::vector<std::string> features;
  Json metrics = Json::object(), settings = Json::object();
  double tolerance = 0;

  static auto params() {
    return std::tuple{
        param("model", &ModelImport::model, "Name under which the version is registered")
            .id()
            .example("churn"),
        param("file", &ModelImport::file, "Digest of the model's file")
            .optional()
            .example("${{ tasks.train.outputs.model }}"),
        param("path", &ModelImport::path,
              "Path of the model's file, relative to the folder of the DAG file")
            .optional(),
        param("features", &ModelImport::features,
              "Names of the features, in the order of the training. An XGBoost file without names "
              "needs them; otherwise they must be those of the file")
            .optional(),
        param("data", &ModelImport::data, "Digest of a table with the features, for the checks")
            .optional()
            .example("${{ tasks.train.outputs.predictions }}"),
        param("prediction", &ModelImport::prediction,
              "Column of `data` with the predictions of the tool; for a binary model, the "
              "probability of 1. A difference of more than `tolerance` fails the task")
            .def("")
            .example("prediction"),
        param("tolerance", &ModelImport::tolerance,
              "Largest difference between a prediction of the tool and of the imported model, "
              "relative to the prediction if that is more than 1")
            .def(1e-6)
            .range(0, 1),
        param("label", &ModelImport::label,
              "Column with the outcome, in `data` to measure the metrics of the version, and in "
              "`trained_on`")
            .def(""),
        param("trained_on", &ModelImport::trained_on,
              "Digest of the table of the training. `evaluate` needs it to check that the model "
              "has not learnt from the holdout")
            .optional(),
        param("timestamp", &ModelImport::timestamp,
              "Column of `trained_on` with each row's time, for trained_from and trained_to")
            .def(""),
        param("trained_from", &ModelImport::trained_from,
              "It learnt only from rows from this time on")
            .def(""),
        param("trained_to", &ModelImport::trained_to, "It learnt only from rows before this time")
            .def("")
            .example("2026-05-01"),
        param("metrics", &ModelImport::metrics,
              "Metrics that the tool has measured: a mapping of numbers, recorded as `reported`")
            .def(Json::object()),
        param("params", &ModelImport::settings, "Parameters of the training, for people")
            .def(Json::object()),
        param("tool", &ModelImport::tool, "What trained it, for people")
            .def("")
            .example("scikit-learn 1.2.1")};
  }
  static std::vector<ParamRule> rules() { return {exactly_one_of({"file", "path"})}; }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"model", "Digest of the registered model, in the format of Millrace"},
            {"algorithm", "`xgboost`, `linear` or `logistic`"},
            {"objective", "`binary` or `regression`"},
            {"features", "Names of the features"},
            {"metrics", "Metrics measured on `data`, and those in `reported`"},
            {"rows", "Number of predictions that were compared"},
            {"max_difference",
             "Largest difference from a prediction of the tool; null without "
             "`prediction`"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
