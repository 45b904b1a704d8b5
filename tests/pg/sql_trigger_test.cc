// millrace.trigger and millrace.publish: commands out of transactions of users.
#include <gtest/gtest.h>

#include "engine/core/commands.h"
#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "engine/store/command.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace {
namespace {

using testing::open_database;
using testing::query;

class SqlTrigger : public ::testing::Test {
 protected:
  SqlTrigger() {
    for (const char* dag : {"'load', 'default', NULL", "'load', 'team', NULL",
                            "'old', 'default', 'no file declares it'"})
      query(*database_,
            "INSERT INTO millrace.dag (dag, namespace, retired, version, source, base_dir, "
            "registered_at, updated_at) VALUES (" +
                std::string(dag) + ", 'v', 'a.yaml', '/', now(), now())");
  }
  Inbox& inbox() { return store_.stores().inbox; }
  std::vector<Command> pending() {
    auto found = inbox().pending(100);
    EXPECT_OK(found);
    return found ? *found : std::vector<Command>();
  }
  /// What PostgreSQL says of a statement that it refuses.
  std::string refusal(const std::string& sql) {
    const Status status = database_->run<void>([&](pg::Session& session) -> Status {
      session.exec_script(sql);
      return {};
    });
    return status ? "accepted" : status.error().message;
  }

  std::unique_ptr<Database> database_ = open_database(testing::fresh_database());
  PgStore store_{*database_};
};

TEST_F(SqlTrigger, ACommittedTransactionSubmitsOneCommand) {
  const std::string id =
      query(*database_, R"(SELECT millrace.trigger('load', '{"day": "2026-01-02"}'))");
  const auto found = pending();
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(id, found[0].id.to_string());
  EXPECT_EQ(TriggerRun::kind, found[0].kind);
  const auto body = read_record<TriggerRun>(found[0].body);
  ASSERT_OK(body);
  EXPECT_EQ("load", body->dag);
  EXPECT_EQ("2026-01-02", body->params["day"].as_view());
  EXPECT_EQ("default", found[0].namespace_);
  EXPECT_EQ("sql:" + query(*database_, "SELECT session_user"), found[0].origin.principal.who);
  EXPECT_EQ("millrace.trigger", found[0].origin.reason);
  // RFC 9562, section 5.7: the version in the 13th digit, and the variant in the 17th.
  EXPECT_EQ('7', id[14]);
  EXPECT_NE(std::string::npos, std::string("89ab").find(id[19]));
  // Within a minute of the server's clock, by which the history of commands is cut.
  EXPECT_EQ("t", query(*database_, "SELECT millrace.first_id(now() - interval '1 minute') < '" +
                                       id + "' AND '" + id +
                                       "' < millrace.first_id(now() + interval '1 minute')"));
}

TEST_F(SqlTrigger, ARolledBackTransactionOrSavepointSubmitsNothing) {
  query(*database_, "BEGIN; SELECT millrace.trigger('load', key => 'k'); ROLLBACK");
  query(*database_,
        "BEGIN; SAVEPOINT s; SELECT millrace.trigger('load', key => 'k'); ROLLBACK TO s; COMMIT");
  EXPECT_TRUE(pending().empty());
  query(*database_, "SELECT millrace.trigger('load', key => 'k')");
  EXPECT_EQ(1u, pending().size()) << "the key is free again";
}

TEST_F(SqlTrigger, AnEngineIsNotifiedOfTheCommit) {
  testing::Signal signal;
  const Subscription subscription =
      inbox().subscribe([heard = signal.callback()](const AcceptedCommand*) { heard(); });
  const int before = signal.count();
  query(*database_, "SELECT millrace.trigger('load')");
  EXPECT_TRUE(signal.wait_for(before + 1));
}

// docs/api.md: requests with the same key and body are executed once. The way does not matter.
TEST_F(SqlTrigger, TheSameKeyIsTheSameRunBySqlAndByRest) {
  const auto by_rest = [&](TriggerRun input, const std::string& key) {
    Command command = make_command(input, {"default", {kLocalPrincipal, ""}});
    command.id = *Uuid::parse(query(*database_, "SELECT millrace.new_id()"));
    command.idempotency_key = key;
    command.created_at = Time{};
    const auto stored = inbox().submit(command);
    EXPECT_OK(stored);
    return stored ? stored->id.to_string() : "";
  };
  const TriggerRun plain{.dag = "load"},
      with{.dag = "load", .params = Json::object({{"b", 1}, {"a", 2.5}})};
  const std::string first = by_rest(plain, "one");
  EXPECT_EQ(first, query(*database_, "SELECT millrace.trigger('load', '{}', 'one')"));
  EXPECT_EQ(first, query(*database_, "SELECT millrace.trigger('load', NULL, 'one')"));
  const std::string second =
      query(*database_, R"(SELECT millrace.trigger('load', '{"a": 2.50, "b": 1}', 'two'))");
  EXPECT_EQ(second, by_rest(with, "two"));
  EXPECT_EQ(second,
            query(*database_, R"(SELECT millrace.trigger('load', '{"b": 1, "a": 2.5}', 'two'))"));
  EXPECT_EQ(2u, pending().size());
  EXPECT_NE(first, query(*database_, "SELECT millrace.trigger('load', '{}', 'one', 'team')"));
  EXPECT_EQ(3u, pending().size()) << "a key belongs to a namespace";
}

TEST_F(SqlTrigger, RefusesAtOnceWhatIsWrong) {
  const std::string big = "jsonb_build_object('a', repeat('x', 1048577))";
  const std::string deep = "(repeat('{\"a\":', 101) || '1' || repeat('}', 101))::jsonb";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"'nope'", "there is no DAG 'nope' in the namespace 'default'"},
      {"'load', namespace => 'else'", "there is no DAG 'load' in the namespace 'else'"},
      {"'old'", "the DAG 'old' is retired: no file declares it"},
      {"NULL", "the DAG's id NULL is not valid"},
      {"'a b'", "the DAG's id 'a b' is not valid"},
      {"'load', namespace => ''", "the namespace '' is not valid"},
      {"'load', '[1]'", "params must be a JSON object, but is array"},
      {"'load', '{\"a\": 1e400}'", "params has a number beyond 64 bits"},
      {"'load', '{\"a\": [9223372036854775808]}'", "params has a number beyond 64 bits"},
      {"'load', " + big, "params has 1048586 bytes; at most 1048576 are allowed"},
      {"'load', " + deep, "params is nested deeper than 100"},
      {"'load', key => repeat('k', 256)", "the key has 256 bytes; at most 255 are allowed"},
  };
  for (const auto& [arguments, message] : cases)
    EXPECT_EQ("PostgreSQL: " + message, refusal("SELECT millrace.trigger(" + arguments + ")"));
  query(*database_, "SELECT millrace.trigger('load', key => 'k')");
  EXPECT_EQ("PostgreSQL: the key 'k' was used for a different request (trigger_run)",
            refusal(R"(SELECT millrace.trigger('load', '{"a": 1}', 'k'))"));
  EXPECT_EQ(1u, pending().size());
}

// What the engine's parser refused would be refused again at each look at the inbox.
TEST_F(SqlTrigger, TheEngineCanReadWhatIsAccepted) {
  const std::string deep = "(repeat('{\"a\":', 100) || '1' || repeat('}', 100))::jsonb";
  for (const std::string& params :
       {std::string(R"('{"most": 9223372036854775807, "least": -9223372036854775808}')"),
        std::string(R"('{"tiny": 1e-300, "text": "\u00e9\"\\ \u0001", "none": null}')"), deep})
    query(*database_, "SELECT millrace.trigger('load', " + params + ")");
  const auto found = pending();
  ASSERT_EQ(3u, found.size());
  EXPECT_EQ(std::numeric_limits<std::int64_t>::min(), found[0].body["params"]["least"].as_int());
  EXPECT_EQ(1e-300, found[1].body["params"]["tiny"].as_double());
  EXPECT_EQ("é\"\\ \x01", found[1].body["params"]["text"].as_view());
}

TEST_F(SqlTrigger, PublishesACloudEventOnceHoweverItComes) {
  const std::string event =
      R"('{"type": "order.paid", "id": "7", "source": "/shop", "data": {"order": 7}}')";
  const std::string id = query(*database_, "SELECT millrace.publish(" + event + ")");
  EXPECT_EQ(id, query(*database_, "SELECT millrace.publish(" + event + ")"));
  const auto found = pending();
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(PublishEvent::kind, found[0].kind);
  // engine/api/cloud_event.cc, idempotency_key_of: the length of the source, the source, the id.
  EXPECT_EQ("cloudevent:5:/shop7", found[0].idempotency_key);
  const auto body = read_record<PublishEvent>(found[0].body);
  ASSERT_OK(body);
  EXPECT_EQ("order.paid", body->name);
  EXPECT_EQ(7, body->event["data"]["order"].as_int());
  EXPECT_EQ("1.0", body->event["specversion"].as_view());
  query(*database_, R"(SELECT millrace.publish('{"type": "a"}'))");
  const Json own = pending().back().body["event"];
  EXPECT_FALSE(own["id"].as_view().empty());
  EXPECT_TRUE(own["source"].as_view().starts_with("postgresql:"));
}

TEST_F(SqlTrigger, RefusesAnEventThatIsNoCloudEvent) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", "the event has no type"},
      {"[]", "the event must be a JSON object, but is array"},
      {R"({"type": ""})", "the event's 'type' must be a text that is not empty"},
      {R"({"type": "a\nb"})", "the event's 'type' holds a control character"},
      {R"({"type": "a", "specversion": "0.3"})", "the event's 'specversion' must be 1.0"},
      {R"({"type": "a", "Big": 1})",
       "the event's 'Big' has a name of other than lower-case letters and digits"},
      {R"({"type": "a", "n": 1.5})",
       "the event's 'n' must be a text, a boolean or an integer of 32 bits"},
      {R"({"type": "a", "time": "now"})", "the event's 'time' is no RFC 3339 time"},
      {R"({"type": "a", "data": 1, "data_base64": "YQ=="})",
       "the event's data_base64 must be a text, and there must be no data with it"},
  };
  for (const auto& [event, message] : cases)
    EXPECT_EQ("PostgreSQL: " + message, refusal("SELECT millrace.publish('" + event + "')"));
  EXPECT_TRUE(pending().empty());
}

// docs/sql.md: the rights that a role needs, and that it gets no others by them.
TEST_F(SqlTrigger, ARoleNeedsNoRightButToCallTheFunctions) {
  query(*database_, R"(
    CREATE ROLE sql_shop; CREATE ROLE sql_other;
    GRANT USAGE ON SCHEMA millrace TO sql_shop, sql_other;
    GRANT EXECUTE ON FUNCTION millrace.trigger, millrace.publish TO sql_shop, sql_other;
    GRANT SELECT ON millrace.triggers TO sql_shop, sql_other)");
  const auto as = [](const std::string& role, const std::string& sql) {
    return "SET SESSION AUTHORIZATION " + role + "; " + sql;
  };
  const std::string reset = "RESET SESSION AUTHORIZATION; ";
  const std::string one =
      query(*database_, as("sql_shop", "SELECT millrace.trigger('load', key => 'k')"));
  query(*database_, as("sql_other", "SELECT millrace.publish('{\"type\": \"a\"}')"));
  EXPECT_EQ(one, query(*database_, as("sql_shop",
                                      "SELECT string_agg(id::text, ' ') FROM "
                                      "millrace.triggers")));
  const std::string most = reset +
                           "SELECT string_agg(role, ' ' ORDER BY role) FROM "
                           "millrace.triggers";
  EXPECT_EQ("sql_other sql_shop", query(*database_, most)) << "the owner sees all";
  for (const char* sql :
       {"SELECT * FROM millrace.command", "SELECT millrace.new_id()",
        "SELECT millrace.submit_from_sql('rollback_model', '{}', '', 'default', '')",
        "INSERT INTO millrace.inbox_mark VALUES (9)"})
    EXPECT_TRUE(refusal(as("sql_shop", sql)).starts_with("PostgreSQL: permission denied for "))
        << sql;
  // Objects of the caller's own schemas take no part in a function of another owner.
  query(*database_, reset + "CREATE SCHEMA sql_trap AUTHORIZATION sql_shop");
  query(*database_, as("sql_shop",
                       "CREATE FUNCTION sql_trap.pg_notify(text, text) RETURNS void LANGUAGE sql "
                       "AS 'SELECT 1 / 0'; SET search_path = sql_trap, pg_catalog; "
                       "SELECT millrace.trigger('load')"));
  query(*database_, reset +
                        "RESET search_path; DROP SCHEMA sql_trap CASCADE; DROP OWNED BY sql_shop, "
                        "sql_other; DROP ROLE sql_shop, sql_other");
}

TEST_F(SqlTrigger, TheViewShowsTheAnswers) {
  const auto lease = store_.stores().leadership.acquire(kMainShard, "one", std::chrono::hours{1});
  ASSERT_OK(lease);
  const auto id = [&](const std::string& sql) { return *Uuid::parse(query(*database_, sql)); };
  const Uuid good = id("SELECT millrace.trigger('load')"),
             bad = id("SELECT millrace.trigger('load')");
  const Uuid event = id(R"(SELECT millrace.publish('{"type": "a"}'))");
  query(*database_, "SELECT millrace.trigger('load')");
  Batch batch;
  batch.epoch = (*lease)->epoch;
  batch.first_seq = 1;
  const auto answer = [&](const Uuid& command, bool ok, Json result) {
    batch.events.push_back({0, {}, from_micros(1), CommandHandled{command, ok, std::move(result)}});
  };
  answer(good, true, record_json<JsonStyle::shown>(RunAnswer{good}));
  answer(bad, false, to_json(invalid_argument("param 'day' is missing")));
  answer(event, true,
         record_json<JsonStyle::shown>(
             PublishEvent::Answer{"a", {good, bad}, {{"load", "it is paused"}}}));
  ASSERT_OK(store_.stores().journal.append(batch));
  const auto shown = [&](const Uuid& command) {
    return query(*database_,
                 "SELECT concat_ws('|', kind, name, state, array_to_string(runs, ','), run_status, "
                 "error) FROM millrace.triggers WHERE id = '" +
                     command.to_string() + "'");
  };
  EXPECT_EQ("trigger|load|accepted|" + good.to_string() + "|running", shown(good));
  EXPECT_EQ("trigger|load|refused|param 'day' is missing", shown(bad));
  EXPECT_EQ("publish|a|accepted|" + good.to_string() + "," + bad.to_string() +
                "|load was not started: it is paused",
            shown(event));
  EXPECT_EQ("1",
            query(*database_, "SELECT count(*) FROM millrace.triggers WHERE state = 'waiting'"));
}

// Positions are given in another order than transactions end. The mark once passed a command of a
// transaction that began later and was still open; no engine would ever have read it.
TEST_F(SqlTrigger, TheMarkDoesNotPassACommandThatIsStillBeingWritten) {
  const std::string submit = "SELECT millrace.trigger('load')";
  Uuid late;
  const Status committed = database_->run<void>([&](pg::Session& older) -> Status {
    older.exec_script("BEGIN; SELECT pg_current_xact_id()");
    return database_->run<void>([&](pg::Session& younger) -> Status {
      younger.exec_script("BEGIN");
      late = younger.exec_script(submit).at(0, 0).id();  // position 1
      older.exec_script(submit);                         // position 2
      older.exec_script("COMMIT");
      query(*database_,
            "INSERT INTO millrace.command_result SELECT command, true, '{}', now() FROM "
            "millrace.command");
      EXPECT_OK(store_.write_marks());
      EXPECT_OK(store_.write_marks());
      younger.exec_script("COMMIT");
      return {};
    });
  });
  ASSERT_OK(committed);
  ASSERT_EQ(1u, pending().size());
  EXPECT_EQ(late, pending()[0].id);
  query(*database_,
        "INSERT INTO millrace.command_result SELECT '" + late.to_string() + "', true, '{}', now()");
  EXPECT_OK(store_.write_marks());
  EXPECT_EQ("2", query(*database_, "SELECT max(pos) FROM millrace.inbox_mark"));
}

}  // namespace
}  // namespace millrace
