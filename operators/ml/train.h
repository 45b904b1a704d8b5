// train: learns a model from a table and registers it as a version, with all that is needed to
// learn it again, bit for bit.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct Train {
  static constexpr std::string_view name = "train";
  static constexpr std::string_view doc =
      "Trains a model on the older rows of a table, measures it on the newer ones, and registers "
      "it. Refuses a label among the features, a binary label of one class, and a holdout of one "
      "class. "
      "The manifest holds the data's digest, the split, the seed and every parameter: the same "
      "manifest gives the same model, byte for byte.";
  static constexpr int version = 1;

  std::string model, data, algorithm, objective, label, timestamp;
  std::vector<std::string> features, entity, allow_leakage;
  std::string holdout_from, holdout_to;
  double holdout_fraction = 0;
  long seed = 0;
  Json settings = Json::object();

  static auto params() {
    return std::tuple{
        param("model", &Train::model, "Name under which the version is registered")
            .id()
            .example("flights"),
        param("data", &Train::data, "Digest of the table (Parquet) to learn from")
            .example("${{ tasks.featurize.outputs.train }}"),
        param("algorithm", &Train::algorithm, "How to learn")
            .def("xgboost")
            .one_of({"logistic", "linear", "xgboost"}),
        param("objective", &Train::objective,
              "What xgboost learns; logistic is always binary, linear always regression")
            .def("binary")
            .one_of({"binary", "regression"}),
        param("label", &Train::label, "Column to predict").example("delayed"),
        param("timestamp", &Train::timestamp, "Column with each row's time; the split follows it")
            .def(""),
        param("features", &Train::features,
              "Columns to learn from; without it every numeric column that has no other role. Text "
              "and other columns that are left out are named in the log, the manifest and the "
              "output `left_out`")
            .optional(),
        param("entity", &Train::entity, "Key columns, which are no features").optional(),
        param("allow_leakage", &Train::allow_leakage,
              "Features that may be a copy of the label or an affine map of it (2 * label + 1). "
              "Others are refused: such a model knows what it is to predict. A feature that "
              "separates the classes without an error is only warned of")
            .optional(),
        param("holdout_from", &Train::holdout_from,
              "Rows from this time on are held out; the model learns from those before it")
            .def("")
            .example("2001-03-18"),
        param("holdout_to", &Train::holdout_to, "Rows from this time on are not used at all")
            .def(""),
        param("holdout_fraction", &Train::holdout_fraction,
              "Share of the newest rows to hold out, where holdout_from is not given; without "
              "timestamp the last rows of the table. 0: none, and no metrics of unseen rows")
            .def(0.2)
            .range(0, 0.9),
        param("seed", &Train::seed, "Of whatever is random in the algorithm")
            .def(0)
            .range(0, 2147483647),
        param("params", &Train::settings,
              "Parameters of the algorithm, by its own names. logistic: l2, max_iterations, "
              "tolerance; linear: l2; xgboost: rounds, max_depth, eta, subsample, colsample, "
              "min_child_weight, lambda, alpha, gamma, max_bin, early_stopping_rounds, "
              "validation_share, threads (default 1: training uses one thread unless this says "
              "more)")
            .def(Json::object())
            .example(Json::object({{"rounds", 300}, {"max_depth", 6}}))};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {
        {"model", "Digest of the trained model"},
        {"metrics", "Metrics on the held-out rows; `train` holds those on the rows learnt from"},
        {"manifest", "Digest of the manifest"},
        {"algorithm", "As given"},
        {"features", "Names of the features"},
        {"left_out", "Columns with another type than a number, which were not learnt from"},
        {"warnings", "Features that give the label away, each in one sentence"},
        {"rows", "{train, holdout}: how many"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
