// Names that people give to DAGs, models, datasets and events. Each belongs to a namespace: two of
// one name in two namespaces have nothing to do with each other.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/fields.h"

namespace millrace {

/// Where a name is that says nothing else.
inline constexpr std::string_view kDefaultNamespace = "default";

/// A name in its namespace. A text in the source code is a name in `default`; of any other text the
/// namespace has to be said, so that none is forgotten on the way.
struct ScopedName {
  ScopedName() = default;
  ScopedName(const char* in_default) : name(in_default) {}  // NOLINT: see above
  ScopedName(std::string_view its_namespace, std::string_view its_name)
      : namespace_(its_namespace), name(its_name) {}

  std::string namespace_{kDefaultNamespace};
  std::string name;

  bool empty() const { return name.empty(); }
  /// "flights", or "team/flights" in another namespace than `default`. For people, and wherever one
  /// text has to name it; `parse` reads it back.
  std::string text() const {
    const bool is_plain = namespace_ == kDefaultNamespace && name.find('/') == std::string::npos;
    return is_plain ? name : namespace_ + '/' + name;
  }

  friend bool operator==(const ScopedName&, const ScopedName&) = default;
  friend auto operator<=>(const ScopedName&, const ScopedName&) = default;
};

namespace detail {
template <typename Name>
Name parse_scoped(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return Name(kDefaultNamespace, text);
  return Name(text.substr(0, slash), text.substr(slash + 1));
}
}  // namespace detail

struct DagKey : ScopedName {
  using ScopedName::ScopedName;
  static DagKey parse(std::string_view text) { return detail::parse_scoped<DagKey>(text); }

  static constexpr auto fields() {
    return std::tuple{
        field("namespace", &DagKey::namespace_, "The namespace of the DAG").optional(),
        field("dag", &DagKey::name, "The DAG's id").not_empty()};
  }
};

struct ModelKey : ScopedName {
  static constexpr std::string_view record_name = "ModelKey";
  using ScopedName::ScopedName;
  static ModelKey parse(std::string_view text) { return detail::parse_scoped<ModelKey>(text); }

  static constexpr auto fields() {
    return std::tuple{
        field("namespace", &ModelKey::namespace_, "The namespace of the model").optional(),
        field("model", &ModelKey::name, "The model's name").not_empty()};
  }
};

struct DatasetKey : ScopedName {
  using ScopedName::ScopedName;
};

/// What deferred tasks wait for, e.g. "deployment/flights".
struct EventName : ScopedName {
  using ScopedName::ScopedName;
};

/// "there is no DAG 'slow' in the namespace 'default'; the namespace 'team' has one": the answer to
/// a name that is not among `known`. `noun` is "DAG", "model".
Error no_such(std::string_view noun, const ScopedName& wanted,
              const std::vector<ScopedName>& known);

}  // namespace millrace
