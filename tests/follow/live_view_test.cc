// A client's place: it reads the journal until it has caught up, then lives on the ring; one that
// is too slow is told what it lost.
#include "engine/follow/live_view.h"

#include "tests/follow/journal.h"

namespace millrace::testing {
namespace {

using namespace follow;

class LiveViewTest : public FollowTest {
 protected:
  /// Until nothing more is there.
  std::string read_all(LiveView& view) {
    std::string text;
    for (;;) {
      const auto step = view.next();
      EXPECT_TRUE(step.ok());
      if (!step || step->text.empty()) return text;
      text += step->text;
    }
  }
  static std::vector<std::int64_t> ids_in(const std::string& text) {
    std::vector<std::int64_t> ids;
    for (std::size_t at = 0; (at = text.find("\nid: ", at)) != std::string::npos; ++at)
      ids.push_back(std::stoll(text.substr(at + 5)));
    return ids;
  }
  static std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> ids;
    for (; first <= last; ++first) ids.push_back(first);
    return ids;
  }
  /// As the feed does it.
  void publish(std::vector<Event> events, const std::vector<LiveView*>& views = {}) {
    std::int64_t seq = last_seq();
    append(events);
    for (auto& one : events) one.seq = ++seq;
    const auto span = std::make_shared<const Span>(std::move(events));
    ring_.push(span);
    for (auto* view : views)
      if (view->offer(*span)) view->wake();
  }

  Ring ring_{{.events = 100}};
  RunNames names_{stores().runs};
  int woken_ = 0;
  std::unique_ptr<LiveView> make_view(std::int64_t after, EventFilter filter = {}) {
    return std::make_unique<LiveView>(ring_, names_, stores().journal, std::move(filter), after,
                                      [this] { ++woken_; });
  }
};

TEST_F(LiveViewTest, ReadsTheJournalAndThenTheRingWithoutAGap) {
  const Uuid run = start_run();
  append(many(run, 700));
  ring_.begin(last_seq());
  const auto view = make_view(0);
  std::string text = read_all(*view);
  EXPECT_EQ(from_to(1, 702), ids_in(text));
  publish(many(run, 3), {view.get()});
  EXPECT_EQ(1, woken_);
  publish(many(run, 2), {view.get()});
  EXPECT_EQ(1, woken_);  // it was woken and has not asked yet
  EXPECT_EQ(from_to(703, 707), ids_in(read_all(*view)));
  publish(many(run, 1), {view.get()});
  EXPECT_EQ(2, woken_);
}

TEST_F(LiveViewTest, AClientThatIsTooSlowIsToldWhatItLost) {
  const Uuid run = start_run();
  ring_.begin(last_seq());  // 2
  const auto slow = make_view(2), fast = make_view(2);
  EXPECT_EQ("", read_all(*slow));
  std::string seen;
  for (int i = 0; i < 30; ++i) {
    publish(many(run, 10), {slow.get(), fast.get()});
    seen += read_all(*fast);
  }
  EXPECT_EQ(from_to(3, 302), ids_in(seen));
  const auto step = slow->next();
  EXPECT_EQ("event: lost\nid: 302\ndata: {\"kind\":\"lost\",\"first_seq\":3,\"last_seq\":302}\n\n",
            step->text);
  publish(many(run, 2), {slow.get()});
  EXPECT_EQ(from_to(303, 304), ids_in(read_all(*slow)));
}

TEST_F(LiveViewTest, EventsThatItDoesNotWantCostItNoPlace) {
  const Uuid wanted = start_run(), other = start_run();
  ring_.begin(last_seq());
  const auto view = make_view(last_seq(), EventFilter(wanted, {"task_queued"}));
  EXPECT_EQ("", read_all(*view));
  for (int i = 0; i < 30; ++i) publish(many(other, 10), {view.get()});
  publish({event(wanted, RunFinished{})}, {view.get()});
  EXPECT_EQ(0, woken_);
  publish(many(wanted, 1), {view.get()});
  EXPECT_EQ(1, woken_);
  const auto text = read_all(*view);
  EXPECT_EQ(std::vector{last_seq()}, ids_in(text));
  EXPECT_EQ(std::string::npos, text.find("lost"));
}

TEST_F(LiveViewTest, AStoreThatIsAwayCostsItNoEvent) {
  const Uuid run = start_run();
  ring_.begin(last_seq());
  const auto view = make_view(last_seq());
  EXPECT_EQ("", read_all(*view));
  publish(many(run, 3), {view.get()});
  store_.set_fault_hook([](std::string_view) { return Fault::fail_before; });
  EXPECT_FALSE(view->next().ok());  // the names are not known yet
  store_.set_fault_hook({});
  EXPECT_EQ(from_to(3, 5), ids_in(read_all(*view)));
}

TEST_F(LiveViewTest, TellsWhetherSomethingHasCome) {
  const Uuid run = start_run();
  ring_.begin(last_seq());
  const auto view = make_view(last_seq(), EventFilter(run, {}));
  EXPECT_TRUE(view->has_news());
  EXPECT_FALSE(view->has_news());
  publish(many(run, 1), {view.get()});
  EXPECT_EQ(1, woken_);
  EXPECT_TRUE(view->has_news());
  EXPECT_FALSE(view->has_news());
}

TEST_F(LiveViewTest, AFeedHandsOverWhatOthersAppend) {
  Feed feed(stores(), clock_);
  const Uuid run = start_run();
  feed.start();
  Told told;
  std::string text;
  const auto view = feed.watch({}, last_seq(), [&] { told(); });
  EXPECT_EQ("", view->next()->text);
  append(many(run, 5));
  EXPECT_TRUE(told.wait_until([&] {
    text += view->next()->text;
    return ids_in(text).size() >= 5;
  }));
  EXPECT_EQ(from_to(3, 7), ids_in(text));
  EXPECT_EQ(7, feed.seq());
  EXPECT_EQ(1u, feed.open_runs());
  feed.stop();
}

}  // namespace
}  // namespace millrace::testing
