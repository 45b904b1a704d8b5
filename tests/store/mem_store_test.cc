// MemStore under the store's conformance suite, and its faults.
#include "engine/store/mem_store.h"

#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

class MemUnderTest final : public StoreUnderTest {
 public:
  Stores stores() override { return store_.stores(); }
  FakeClock& clock() override { return clock_; }

 private:
  FakeClock clock_;
  MemStore store_{clock_};
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreTest,
                         ::testing::Values(Backend{
                             "MemStore", [] { return std::make_unique<MemUnderTest>(); }}),
                         name_of);

class FaultTest : public ::testing::Test {
 protected:
  /// The named call fails that way, once.
  void fail_once(std::string name, Fault fault) {
    store_.set_fault_hook(
        [name = std::move(name), fault, done = false](std::string_view call) mutable {
          if (done || call != name) return Fault::none;
          done = true;
          return fault;
        });
  }
  Batch batch() {
    Batch out;
    out.epoch =
        (*store_.stores().leadership.acquire(kMainShard, "one", std::chrono::seconds{10}))->epoch;
    out.first_seq = 1;
    out.events = {Event{0, {}, clock_.now(), RunCancelRequested{}}};
    return out;
  }

  FakeClock clock_;
  MemStore store_{clock_};
};

TEST_F(FaultTest, FailBeforeLeavesNothing) {
  const Batch given = batch();
  fail_once("journal.append", Fault::fail_before);
  EXPECT_CODE(ErrorCode::unavailable, store_.stores().journal.append(given));
  EXPECT_EQ(0, *store_.stores().journal.last_seq());
  ASSERT_OK(store_.stores().journal.append(given));
  EXPECT_EQ(1, *store_.stores().journal.last_seq());
}

TEST_F(FaultTest, FailAfterLeavesTheOutcomeUnknownToTheCaller) {
  const Batch given = batch();
  fail_once("journal.append", Fault::fail_after);
  EXPECT_CODE(ErrorCode::unavailable, store_.stores().journal.append(given));
  EXPECT_EQ(1, *store_.stores().journal.last_seq());
  ASSERT_OK(store_.stores().journal.append(given));
  EXPECT_EQ(1, *store_.stores().journal.last_seq());
}

TEST_F(FaultTest, EveryRoleAsksTheHook) {
  std::vector<std::string> calls;
  store_.set_fault_hook([&](std::string_view call) {
    calls.emplace_back(call);
    return Fault::fail_before;
  });
  Stores s = store_.stores();
  EXPECT_FALSE(s.journal.last_seq().ok());
  EXPECT_FALSE(s.leadership.renew("main", 1, {}).ok());
  EXPECT_FALSE(s.inbox.pending(1).ok());
  EXPECT_FALSE(s.runs.open_runs().ok());
  EXPECT_FALSE(s.logs.append({}).ok());
  EXPECT_FALSE(s.registry.models().ok());
  EXPECT_FALSE(s.serving.deployments().ok());
  EXPECT_EQ((std::vector<std::string>{"journal.last_seq", "leadership.renew", "inbox.pending",
                                      "runs.open_runs", "logs.append", "registry.models",
                                      "serving.deployments"}),
            calls);
}

}  // namespace
}  // namespace millrace::testing
