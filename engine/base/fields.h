// Fields: the one declaration of a record. A struct that leaves a function as JSON, bytes, SQL or
// documentation lists its members once, with name, meaning and range:
//
//   struct SetTraffic {
//     static constexpr std::string_view kind = "set_traffic";
//     std::string model, candidate;
//     double weight = 0;
//     static constexpr auto fields() {
//       return std::tuple{
//           field("model", &SetTraffic::model, "The served model"),
//           field("candidate", &SetTraffic::candidate, "Digest of the version"),
//           field("weight", &SetTraffic::weight, "Percent of the traffic").range(0, 100)};
//     }
//   };
//
// Readers and writers walk this list: record_json.h (JSON), record_schema.h (JSON Schema and other
// documents), pg/row_reader.h (SQL), wire.h (bytes). The default of a member is the one that its
// initialiser gives. A record that others see has a `record_name` for documents and a `record_doc`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace millrace {

/// What a text must be.
enum class TextRule : std::uint8_t {
  any,
  not_empty,
  digest,     // 64 lower-case hex digits (SHA-256); an optional one may be empty
  date_time,  // RFC 3339; kept as it is written
};

/// One member. `get`: a pointer to it, or for a value that is only shown a function of the record.
template <typename Get>
struct Field {
  /// "" for a member that is a record itself: its fields are written in this record's place.
  std::string_view name;
  Get get;
  std::string_view doc;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  TextRule text = TextRule::any;
  bool may_be_absent = false;
  std::size_t max_bytes =
      std::numeric_limits<std::size_t>::max();  // of a text, or of each in a list
  bool must_be_object = false;                  // a value of type Json is an object
  bool must_be_scalar = false;                  // a value of type Json is a text or a number
  bool is_internal = false;                     // stored, never shown to others
  std::string_view shown_name{};                // for others; "": as `name`

  /// Absent stands for the member's default.
  constexpr Field optional() const {
    Field copy = *this;
    copy.may_be_absent = true;
    return copy;
  }
  /// Inclusive bounds of a number.
  constexpr Field range(double low, double high) const {
    Field copy = *this;
    copy.minimum = low;
    copy.maximum = high;
    return copy;
  }
  constexpr Field at_most(std::size_t bytes) const {
    Field copy = *this;
    copy.max_bytes = bytes;
    return copy;
  }
  constexpr Field object() const {
    Field copy = *this;
    copy.must_be_object = true;
    return copy;
  }
  /// `at_most` then limits a text.
  constexpr Field scalar() const {
    Field copy = *this;
    copy.must_be_scalar = true;
    return copy;
  }
  constexpr Field internal() const {
    Field copy = *this;
    copy.is_internal = true;
    return copy;
  }
  constexpr Field shown_as(std::string_view other) const {
    Field copy = *this;
    copy.shown_name = other;
    return copy;
  }
  constexpr std::string_view name_for_others() const {
    return shown_name.empty() ? name : shown_name;
  }
  constexpr Field date_time() const { return with(TextRule::date_time); }
  constexpr Field not_empty() const { return with(TextRule::not_empty); }
  constexpr Field digest() const { return with(TextRule::digest); }

  constexpr Field with(TextRule rule) const {
    Field copy = *this;
    copy.text = rule;
    return copy;
  }
};

template <typename Get>
constexpr Field<Get> field(std::string_view name, Get get, std::string_view doc) {
  return {name, get, doc};
}

/// A struct with a list of its fields.
template <typename T>
concept Fielded = requires {
  T::fields();
};

/// A struct that is one of several kinds: it has a static constant `kind`, not a member.
template <typename T>
concept Kinded = Fielded<T> && requires {
  typename std::bool_constant<!std::string_view(T::kind).empty()>;
};

/// Calls `visit(field)` for each field, in order.
template <Fielded T, typename Visit>
void for_each_field(Visit&& visit) {
  static constexpr auto kFields = T::fields();
  std::apply([&](const auto&... one) { (visit(one), ...); }, kFields);
}

// --- enumerations --------------------------------------------------------------------------------
//
// An enumeration with names in JSON declares them next to itself, in the order of its values:
//
//   enum class RunStatus { running, success };
//   constexpr std::array<std::string_view, 2> names_of(RunStatus) { return {"running", "success"};
//   }
//
// One that others see has a name in documents: `constexpr std::string_view title_of(RunStatus)`.

template <typename T>
concept Named = std::is_enum_v<T> && requires(T value) {
  names_of(value).size();
};

template <Named T>
constexpr std::string_view name_of(T value) {
  return names_of(value)[static_cast<std::size_t>(value)];
}

template <Named T>
constexpr std::optional<T> from_name(std::string_view name) {
  constexpr auto kNames = names_of(T{});
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<T>(i);
  return std::nullopt;
}

}  // namespace millrace
