// PostgreSQL under the store's conformance suite.
#include "tests/store/conformance.h"

#include "engine/pg/pg_store.h"
#include "tests/pg/test_cluster.h"

namespace millrace::testing {
namespace {

class PgUnderTest final : public StoreUnderTest {
 public:
  Stores stores() override { return store_.stores(); }
  FakeClock& clock() override { return clock_; }

 private:
  FakeClock clock_;
  std::unique_ptr<Database> database_ = open_database(fresh_database());
  PgStore store_{*database_, &clock_};
};

INSTANTIATE_TEST_SUITE_P(PostgreSQL, StoreTest,
                         ::testing::Values(Backend{"PgStore",
                                                   [] { return std::make_unique<PgUnderTest>(); }}),
                         name_of);

}  // namespace
}  // namespace millrace::testing
