// Records as parameters: the stored members of a record (engine/base/fields.h), in order, for a
// statement that takes nothing else. The reverse of row_reader.h, one row at a time.
//
// Thread-safe: no state.
#pragma once

#include <type_traits>

#include "engine/pg/row_reader.h"

namespace millrace::pg {

/// A nil id is written as zeros: in the tables of effects it means "from outside".
template <Fielded T>
Params record_params(const T& record) {
  Params out;
  detail::for_each_member<T>([&](const auto& field) {
    const auto& value = record.*field.get;
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, Uuid>)
      out.add(value.to_string());
    else if constexpr (Named<Value>)
      out.add(name_of(value));
    else
      out.add(value);
  });
  return out;
}

}  // namespace millrace::pg
