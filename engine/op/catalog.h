// Catalog: the operators that exist, by name. A value, built in main (operators/catalog.cc) and in
// tests; no globals.
//
//   Catalog catalog = Catalog::of<IngestFile, Validate, Train>();
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct OperatorInfo {
  std::string name;
  std::string doc;
  int version = 1;  // part of the fingerprint: raise it when results change
  std::string executor = std::string(kProcessExecutor);  // what carries its attempts out
  std::vector<ParamInfo> params;
  std::vector<ParamRule> rules;                              // over several parameters
  std::vector<std::pair<std::string, std::string>> outputs;  // name, doc
  /// The names of the outputs of a task with these parameters, if they tell it; nullopt: `outputs`
  /// alone do. May be empty.
  std::function<std::optional<std::vector<std::string>>(const Json& with)> outputs_with;

  /// Any operator may run in a process of its own; in the engine, only one that declares it.
  bool may_run_in(std::string_view name_of_executor) const {
    return name_of_executor == kProcessExecutor || name_of_executor == executor;
  }
  const ParamInfo* find_param(std::string_view param_name) const;
  /// The outputs that a task with these parameters declares; nullopt if they may have any name: of
  /// an operator that declares `*`, or nothing.
  std::optional<std::vector<std::string>> known_outputs(const Json& with) const;
  /// Everything wrong with `with`: unknown, missing, ill-typed, out of range, too many or too few
  /// of those that a rule is about. A problem of a rule names its second parameter if too many are
  /// given, otherwise none.
  std::vector<ParamProblem> check(const Json& with) const;
};

/// Immutable after construction; thread-safe.
class Catalog {
 public:
  template <typename... Ops>
  static Catalog of() {
    Catalog catalog;
    (catalog.add<Ops>(), ...);
    return catalog;
  }
  /// Adds one operator type; a second of the same name is a bug.
  template <typename Op>
  void add();

  /// nullptr if there is none.
  const OperatorInfo* find(std::string_view name) const;
  /// kProcessExecutor for an unknown operator as well.
  std::string_view executor_of(std::string_view op) const;
  std::vector<std::string> names() const;  // sorted

  /// Decodes the parameters and runs. An exception of the operator becomes an `internal` error,
  /// std::bad_alloc `resource_exhausted`. Errors of decoding are permanent.
  Result<Outcome> run(std::string_view name, const Json& with, OperatorContext& context) const;

 private:
  struct Entry {
    OperatorInfo info;
    std::function<Result<Outcome>(const Json&, OperatorContext&)> run;
  };
  void insert(Entry entry);
  std::map<std::string, Entry, std::less<>> entries_;
};

// An operator may declare `executor`, `outputs()`, `outputs_with()` and `rules()`; these are the
// defaults.
template <typename Op>
constexpr std::string_view declared_executor() {
  if constexpr (requires { Op::executor; })
    return Op::executor;
  else
    return kProcessExecutor;
}
template <typename Op>
std::vector<std::pair<std::string, std::string>> outputs_of() {
  if constexpr (requires { Op::outputs(); })
    return Op::outputs();
  else
    return {};
}

/// By `outputs_with(with)`.
template <typename Op>
auto outputs_with_of() -> decltype(OperatorInfo::outputs_with) {
  if constexpr (requires { Op::outputs_with(Json()); })
    return &Op::outputs_with;
  else
    return {};
}

template <typename Op>
std::vector<ParamRule> rules_of() {
  if constexpr (requires { Op::rules(); })
    return Op::rules();
  else
    return {};
}

template <typename Op>
void Catalog::add() {
  Entry entry;
  entry.info.name = Op::name;
  entry.info.doc = Op::doc;
  entry.info.version = Op::version;
  entry.info.executor = declared_executor<Op>();
  entry.info.rules = rules_of<Op>();
  entry.info.outputs = outputs_of<Op>();
  entry.info.outputs_with = outputs_with_of<Op>();
  auto params = Op::params();
  std::apply([&](const auto&... p) { (entry.info.params.push_back(p.info()), ...); }, params);
  entry.run = [params = std::move(params)](const Json& with,
                                           OperatorContext& context) -> Result<Outcome> {
    Op op;
    std::apply(
        [&](const auto&... p) {
          [[maybe_unused]] const auto assign_one = [&](const auto& one) {
            if (const Json* given = with.find(one.info().name); given && !given->is_null())
              one.assign_to(op, *given);
            else if (!one.info().default_value.is_null())
              one.assign_to(op, one.info().default_value);
          };
          (assign_one(p), ...);
        },
        params);
    return op.run(context);
  };
  insert(std::move(entry));
}

}  // namespace millrace
