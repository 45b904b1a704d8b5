#include "tests/pg/test_cluster.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "engine/pg/connection_string.h"
#include "engine/pg/migrate.h"
#include "engine/pg/session.h"

namespace millrace::testing {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}
void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error().to_string());
}

class Cluster {
 public:
  Cluster() : cluster_(must(PrivateCluster::start(folder_.path()))) {
    admin_ = open_database(cluster_->dsn());
  }
  PrivateCluster& cluster() { return *cluster_; }

  std::string create(const std::string& source) {
    const std::lock_guard lock(mutex_);
    const std::string name = "test_" + std::to_string(++count_);
    query(*admin_, "CREATE DATABASE " + name + (source.empty() ? "" : " TEMPLATE " + source));
    names_.push_back(name);
    return must(pg::with_database(cluster_->dsn(), name));
  }

  std::string migrated() {
    std::call_once(made_source_, [&] {
      const std::string dsn = create("");
      must(migrate(*open_database(dsn)));
      const std::lock_guard lock(mutex_);
      source_ = names_.back();
      names_.pop_back();
    });
    return create(source_);
  }

  /// All but the one that others are copied from. Left to the end of the cluster, they would all be
  /// written to the disk first.
  void drop_databases() {
    const std::lock_guard lock(mutex_);
    for (const auto& name : names_) query(*admin_, "DROP DATABASE " + name + " WITH (FORCE)");
    names_.clear();
  }

 private:
  TempFolder folder_;
  std::unique_ptr<PrivateCluster> cluster_;
  std::unique_ptr<Database> admin_;
  std::mutex mutex_;
  std::once_flag made_source_;
  std::string source_;
  std::vector<std::string> names_;
  int count_ = 0;
};

/// Drops the databases of a test after it, and ends the cluster before the process does.
class Owner final : public ::testing::Environment, public ::testing::EmptyTestEventListener {
 public:
  Cluster& get() {
    if (!cluster_) cluster_ = std::make_unique<Cluster>();
    return *cluster_;
  }
  void SetUp() override { ::testing::UnitTest::GetInstance()->listeners().Append(this); }
  void OnTestEnd(const ::testing::TestInfo&) override {
    if (cluster_) cluster_->drop_databases();
  }
  void TearDown() override {
    ::testing::UnitTest::GetInstance()->listeners().Release(this);
    cluster_.reset();
  }

 private:
  std::unique_ptr<Cluster> cluster_;
};
Owner* const cluster_owner = static_cast<Owner*>(::testing::AddGlobalTestEnvironment(new Owner));

}  // namespace

PrivateCluster& test_cluster() { return cluster_owner->get().cluster(); }
std::string empty_database() { return cluster_owner->get().create(""); }
std::string fresh_database() { return cluster_owner->get().migrated(); }

std::unique_ptr<Database> open_database(const std::string& dsn) {
  return must(Database::open({.dsn = dsn, .application = "millrace-test"}));
}

std::string query(Database& database, const std::string& sql) {
  return must(database.run<std::string>([&](pg::Session& session) -> Result<std::string> {
    const pg::Rows rows = session.exec_script(sql);
    return rows.empty() ? std::string() : rows.at(0, 0).text();
  }));
}

}  // namespace millrace::testing
