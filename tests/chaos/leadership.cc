#include "tests/chaos/leadership.h"

#include <pqxx/pqxx>

namespace millrace::chaos {
namespace {

Term read_term(pqxx::nontransaction& query) {
  const auto rows = query.exec("SELECT epoch, owner FROM millrace.leader WHERE shard = 'main'");
  if (rows.empty()) return {};
  return {rows[0][0].as<std::int64_t>(), rows[0][1].as<std::string>()};
}

}  // namespace

Term current_term(const PrivateCluster& cluster) {
  pqxx::connection connection(cluster.dsn());
  pqxx::nontransaction query(connection);
  return read_term(query);
}

std::optional<Seconds> wait_for_another_term(const PrivateCluster& cluster, const Term& before) {
  pqxx::connection connection(cluster.dsn());
  pqxx::nontransaction query(connection);
  return time_until(
      [&] {
        const Term term = read_term(query);
        return term.epoch > before.epoch && !term.owner.empty() && term.owner != before.owner;
      },
      Seconds{10});
}

}  // namespace millrace::chaos
