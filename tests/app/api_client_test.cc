// The command line's client follows the pages of a list to its end.
#include "engine/app/api_client.h"

#include <gtest/gtest.h>

#include "engine/http/problem.h"
#include "engine/http/server.h"

namespace millrace {
namespace {

// Examples of RFC 8288, section 3.5, and what our API writes.
TEST(NextLink, IsFoundAmongOthers) {
  EXPECT_EQ(next_link("</api/v1/runs/r/tasks?limit=2&offset=2>; rel=\"next\""),
            "/api/v1/runs/r/tasks?limit=2&offset=2");
  EXPECT_EQ(next_link("<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous "
                      "chapter\""),
            "");
  EXPECT_EQ(next_link("</TheBook/chapter2>; rel=\"previous\", </TheBook/chapter4>; rel=\"next\""),
            "/TheBook/chapter4");
  EXPECT_EQ(next_link(""), "");
  EXPECT_EQ(next_link("</broken; rel=\"next\""), "");
}

/// A list of `size` numbers in pages of three; a last page that names itself.
class PagedServer {
 public:
  explicit PagedServer(int size) : size_(size) { EXPECT_TRUE(server_.start().ok()); }
  ApiClient client() const {
    return ApiClient("http://127.0.0.1:" + std::to_string(server_.port()));
  }

 private:
  http::HttpResponse answer(const http::HttpRequest& request) const {
    const int offset = std::atoi(std::string(request.query_value("offset")).c_str());
    const bool loops = request.path == "/loop";
    http::HttpResponse response;
    Json page = Json::array();
    for (int i = offset; i < std::min(offset + 3, size_); ++i) page.push_back(i);
    response.body = page.dump();
    if (loops || offset + 3 < size_)
      response.headers.emplace_back(
          "Link", "<" + request.path + "?offset=" + std::to_string(offset + (loops ? 0 : 3)) +
                      ">; rel=\"next\"");
    return response;
  }

  const int size_;
  const SystemClock clock_;
  http::HttpServer server_{
      {},
      clock_,
      {.answer = [this](const http::HttpRequest& request) { return answer(request); },
       .refuse =
           [](const http::Refusal& refusal, const http::HttpRequest&) {
             return http::HttpResponse{.status = refusal.status};
           }}};
};

TEST(ApiClient, ReadsAllPagesOfAList) {
  const PagedServer server(8);
  const auto all = server.client().get_list("/list");
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  EXPECT_EQ(all->dump(), "[0,1,2,3,4,5,6,7]");
}

/// Answers each request with this problem.
class ProblemServer {
 public:
  explicit ProblemServer(std::vector<http::Problem::Item> items) : items_(std::move(items)) {
    EXPECT_TRUE(server_.start().ok());
  }
  std::string message() const {
    const ApiClient client("http://127.0.0.1:" + std::to_string(server_.port()));
    const auto answer = client.get("/");
    return answer ? "it succeeded" : answer.error().message;
  }

 private:
  const std::vector<http::Problem::Item> items_;
  const SystemClock clock_;
  http::HttpServer server_{{},
                           clock_,
                           {.answer =
                                [this](const http::HttpRequest& request) {
                                  return http::respond(http::Problem::invalid(items_), request);
                                },
                            .refuse =
                                [](const http::Refusal& refusal, const http::HttpRequest&) {
                                  return http::HttpResponse{.status = refusal.status};
                                }}};
};

TEST(ApiClient, PrintsASingleWrongFieldOnce) {
  EXPECT_EQ(ProblemServer({{"{run}", "'x' is not a UUID"}}).message(), "run: 'x' is not a UUID");
}

TEST(ApiClient, PrintsEachOfSeveralWrongFieldsByItsName) {
  EXPECT_EQ(
      ProblemServer({{"/params/months", "is too large"}, {"?wait", "is no duration"}}).message(),
      "2 fields of this request are wrong\n  params.months: is too large\n  wait: is no "
      "duration");
}

TEST(ApiClient, EndsAtAPageThatNamesItself) {
  const PagedServer server(2);
  const auto all = server.client().get_list("/loop?offset=0");
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  EXPECT_EQ(all->dump(), "[0,1]");
}

}  // namespace
}  // namespace millrace
