// Session: one connection, as the roles of this module use it: queries by name, parameters in, rows
// out. The library underneath stays in session.cc. Failures are exceptions here; Database::run
// turns them into errors, once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/pg/array_text.h"
#include "engine/pg/interrupt.h"

namespace pqxx {
class result;
}

namespace millrace::pg {

/// The parameters of one query, in order. Not thread-safe.
class Params {
 public:
  Params& add(std::int64_t number);
  Params& add(int number) { return add(std::int64_t{number}); }
  Params& add(std::size_t number) { return add(static_cast<std::int64_t>(number)); }
  Params& add(double number);
  Params& add(bool flag);
  Params& add(std::string_view text);
  Params& add(const std::string& text) { return add(std::string_view(text)); }
  Params& add(const char* text) { return add(std::string_view(text)); }
  /// A nil id is NULL.
  Params& add(const Uuid& id);
  /// As microseconds since 1970.
  Params& add(Time time) { return add(to_micros(time)); }
  Params& add(const std::optional<Time>& time);
  /// Null JSON is NULL.
  Params& add(const Json& json);
  Params& add(ArrayText&& array);
  Params& add_null();

  std::size_t size() const { return values_.size(); }
  /// nullptr stands for NULL.
  std::vector<const char*> pointers() const;

 private:
  std::vector<std::optional<std::string>> values_;
};

/// One value of a row. Its type is not checked here; row_reader.h does so for whole records.
class Cell {
 public:
  explicit Cell(std::optional<std::string_view> text) : text_(text) {}
  bool is_null() const { return !text_; }
  std::string_view view() const { return text_.value_or(""); }
  std::string text() const { return std::string(view()); }
  std::int64_t number() const;
  int small() const { return static_cast<int>(number()); }
  double real() const;
  bool flag() const { return view() == "t"; }
  Uuid id() const;  // nil of NULL
  /// From microseconds since 1970.
  Time time() const { return from_micros(number()); }
  std::optional<Time> maybe_time() const { return text_ ? std::optional(time()) : std::nullopt; }
  Json json() const;  // null of NULL
  std::string bytes() const;
  /// Of an array of numbers or of plain words; NULL gives none.
  std::vector<std::int64_t> numbers() const;
  std::vector<std::string> words() const;

 private:
  std::optional<std::string_view> text_;
};

/// What a query gave. Cells point into it.
class Rows {
 public:
  explicit Rows(std::shared_ptr<const pqxx::result> result);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Rows that a statement without output changed.
  std::size_t affected() const;
  int columns() const;
  std::string name(int column) const;
  unsigned type(int column) const;  // its object id in pg_type
  Cell at(std::size_t row, int column) const;

 private:
  std::shared_ptr<const pqxx::result> result_;
  std::size_t size_ = 0;
};

/// Not thread-safe: one thread at a time.
class Session {
 public:
  /// Connects. `dsn` is a complete connection string (see connection_string.h). `interrupt` ends
  /// what waits for the server, as an exception; without one, waits take as long as they take.
  explicit Session(const std::string& dsn, InterruptPtr interrupt = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Runs a query of engine/pg/sql by its name, in the transaction if there is one, else by itself.
  /// It is prepared on first use.
  Rows exec(std::string_view query, const Params& params = {});
  /// The same with a text that was put together. It is asked for on first use of the name, which
  /// therefore must not stand for another text.
  Rows exec_composed(const std::string& name, const std::function<std::string()>& text,
                     const Params& params);
  /// Runs SQL text without parameters, perhaps several statements.
  Rows exec_script(const std::string& sql);

  /// `body` in a transaction: committed when it returns, rolled back when it throws.
  void transaction(const std::function<void()>& body);

  bool is_open() const;
  int backend() const;  // process id of the server's side

  /// LISTEN to these channels, and call back for each notification that comes while `await` runs.
  void listen(
      const std::vector<std::string>& channels,
      std::function<void(const std::string& channel, const std::string& payload)> on_notify);
  /// Waits for notifications, at most so long. Throws when the connection is lost.
  void await(Duration timeout);
  /// To be waited on beside other descriptors; -1 when closed.
  int descriptor() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::pg
