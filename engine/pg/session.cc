#include "engine/pg/session.h"

#include <charconv>
#include <cstdlib>
#include <pqxx/pqxx>
#include <set>
#include <utility>

#include "engine/pg/sql_text.h"

namespace millrace::pg {
namespace {

class Listener final : public pqxx::notification_receiver {
 public:
  using Callback = std::function<void(const std::string&, const std::string&)>;
  Listener(pqxx::connection_base& connection, const std::string& channel, Callback on_notify)
      : pqxx::notification_receiver(connection, channel), on_notify_(std::move(on_notify)) {}
  void operator()(const std::string& payload, int) override { on_notify_(channel(), payload); }

 private:
  Callback on_notify_;
};

/// In its own right, so that the wait for it can end before it does.
std::unique_ptr<pqxx::connection> connect(const std::string& dsn, Interrupt& interrupt) {
  struct Attempt {
    std::unique_ptr<pqxx::connection> connection;
    std::exception_ptr failure;
  };
  const auto attempt = std::make_shared<Attempt>();
  const bool done = interrupt.run([attempt, dsn] {
    try {
      attempt->connection = std::make_unique<pqxx::connection>(dsn);
    } catch (...) {
      attempt->failure = std::current_exception();
    }
  });
  if (!done) throw pqxx::broken_connection("the wait for the connection was ended");
  // Taken out: the exception then ends in this thread, and not in the other one.
  if (auto failure = std::exchange(attempt->failure, nullptr)) std::rethrow_exception(failure);
  return std::move(attempt->connection);
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

}  // namespace

// --- Params ---

Params& Params::add(std::int64_t number) {
  values_.emplace_back(std::to_string(number));
  return *this;
}
Params& Params::add(double number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  values_.emplace_back(std::string(text, end));
  return *this;
}
Params& Params::add(bool flag) {
  values_.emplace_back(flag ? "t" : "f");
  return *this;
}
Params& Params::add(std::string_view text) {
  std::string buffer;
  values_.emplace_back(std::string(storable(text, buffer)));
  return *this;
}
Params& Params::add(const Uuid& id) {
  if (id.is_nil()) return add_null();
  values_.emplace_back(id.to_string());
  return *this;
}
Params& Params::add(const std::optional<Time>& time) { return time ? add(*time) : add_null(); }
Params& Params::add(const Json& json) {
  return json.is_null() ? add_null() : add(std::string_view(json.dump()));
}
Params& Params::add(ArrayText&& array) {
  values_.emplace_back(std::move(array).take());
  return *this;
}
Params& Params::add_null() {
  values_.emplace_back(std::nullopt);
  return *this;
}

std::vector<const char*> Params::pointers() const {
  std::vector<const char*> out;
  out.reserve(values_.size());
  for (const auto& value : values_) out.push_back(value ? value->c_str() : nullptr);
  return out;
}

// --- Cell and Rows ---

std::int64_t Cell::number() const {
  std::int64_t value = 0;
  const std::string_view text = view();
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double Cell::real() const { return text_ ? std::strtod(text().c_str(), nullptr) : 0; }

Uuid Cell::id() const { return Uuid::parse(view()).value_or(Uuid{}); }

Json Cell::json() const {
  if (!text_) return {};
  return Json::parse(view(), {.max_bytes = std::size_t{1} << 30, .max_depth = 1000}).value_or({});
}

std::string Cell::bytes() const {
  std::string out;
  const std::string_view text = view();
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    out += static_cast<char>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
  return out;
}

std::vector<std::string> Cell::words() const {
  std::vector<std::string> out;
  std::string_view text = view();
  if (text.size() <= 2) return out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string_view word = text.substr(from, comma - from);
    if (word.size() >= 2 && word.front() == '"') word = word.substr(1, word.size() - 2);
    out.emplace_back(word);
    from = comma + 1;
  }
  return out;
}

std::vector<std::int64_t> Cell::numbers() const {
  std::vector<std::int64_t> out;
  for (const std::string& word : words()) out.push_back(Cell(std::string_view(word)).number());
  return out;
}

Rows::Rows(std::shared_ptr<const pqxx::result> result)
    : result_(std::move(result)), size_(static_cast<std::size_t>(result_->size())) {}

std::size_t Rows::affected() const { return static_cast<std::size_t>(result_->affected_rows()); }

int Rows::columns() const { return static_cast<int>(result_->columns()); }
std::string Rows::name(int column) const {
  return result_->column_name(static_cast<pqxx::row::size_type>(column));
}
unsigned Rows::type(int column) const {
  return result_->column_type(static_cast<pqxx::row::size_type>(column));
}

Cell Rows::at(std::size_t row, int column) const {
  const auto field = (*result_)[static_cast<pqxx::result::size_type>(row)]
                               [static_cast<pqxx::row::size_type>(column)];
  if (field.is_null()) return Cell(std::nullopt);
  return Cell(std::string_view(field.c_str(), field.size()));
}

// --- Session ---

struct Session::State {
  State(const std::string& dsn, InterruptPtr given)
      : interrupt(std::move(given)),
        owned(interrupt ? connect(dsn, *interrupt) : std::make_unique<pqxx::connection>(dsn)),
        connection(*owned),
        socket(connection.sock()) {
    if (interrupt) interrupt->watch(socket);
  }
  ~State() {
    // Both send something and wait for the answer, which the interrupt must still be able to end.
    listeners.clear();
    transaction.reset();
    if (interrupt) interrupt->unwatch(socket);
  }
  const InterruptPtr interrupt;
  const std::unique_ptr<pqxx::connection> owned;
  pqxx::connection& connection;
  const int socket;  // while it is open
  std::set<std::string, std::less<>> prepared;
  std::unique_ptr<pqxx::work> transaction;
  std::vector<std::unique_ptr<Listener>> listeners;
};

Session::Session(const std::string& dsn, InterruptPtr interrupt)
    : state_(std::make_unique<State>(dsn, std::move(interrupt))) {}
Session::~Session() = default;

Rows Session::exec(std::string_view query, const Params& params) {
  return exec_composed(
      std::string(query), [&] { return std::string(find_query(query).sql); }, params);
}

Rows Session::exec_composed(const std::string& name, const std::function<std::string()>& text,
                            const Params& params) {
  if (!state_->prepared.contains(name)) {
    state_->connection.prepare(name, text());
    state_->prepared.insert(name);
  }
  const auto values = params.pointers();
  const auto run = [&](pqxx::transaction_base& transaction) {
    return std::make_shared<const pqxx::result>(
        transaction.exec_prepared(name, pqxx::prepare::make_dynamic_params(values)));
  };
  if (state_->transaction) return Rows(run(*state_->transaction));
  pqxx::nontransaction alone(state_->connection);
  return Rows(run(alone));
}

Rows Session::exec_script(const std::string& sql) {
  const auto run = [&](pqxx::transaction_base& transaction) {
    return std::make_shared<const pqxx::result>(transaction.exec(sql));
  };
  if (state_->transaction) return Rows(run(*state_->transaction));
  pqxx::nontransaction alone(state_->connection);
  return Rows(run(alone));
}

void Session::transaction(const std::function<void()>& body) {
  struct Scope {
    State& state;
    ~Scope() { state.transaction.reset(); }
  } const scope{*state_};
  state_->transaction = std::make_unique<pqxx::work>(state_->connection);
  body();
  state_->transaction->commit();
}

bool Session::is_open() const { return state_->connection.is_open(); }
int Session::backend() const { return state_->connection.backendpid(); }
int Session::descriptor() const { return state_->connection.sock(); }

void Session::listen(const std::vector<std::string>& channels,
                     std::function<void(const std::string&, const std::string&)> on_notify) {
  for (const auto& channel : channels)
    state_->listeners.push_back(std::make_unique<Listener>(state_->connection, channel, on_notify));
}

void Session::await(Duration timeout) {
  const auto micros = timeout.count();
  state_->connection.await_notification(micros / 1'000'000, micros % 1'000'000);
}

}  // namespace millrace::pg
