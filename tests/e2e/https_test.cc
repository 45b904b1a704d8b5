// Both servers with a certificate, as docs/operations.md tells it: its commands are run.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/pages.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

/// The fenced blocks of the page's section.
std::vector<std::string> blocks_of_section() {
  const std::string section = section_of(
      read_file(MILLRACE_SOURCE_DIR "/docs/operations.md", 1 << 20).value_or(""), "HTTPS");
  std::vector<std::string> blocks;
  for (std::size_t at = 0; (at = section.find("\n```", at)) != std::string::npos;) {
    const auto begin = section.find('\n', at + 1) + 1, end = section.find("\n```", begin);
    blocks.push_back(section.substr(begin, end - begin));
    at = end + 4;
  }
  return blocks;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

class Https : public testing::Test {
 protected:
  Https() {
    fs::create_directories(folder_.path() / "bin");
    fs::create_directories(folder_.path() / "dags");
    fs::create_symlink(binary(), folder_.path() / "bin/millrace");
  }
  fs::path state() const { return folder_.path() / "state"; }
  /// In the folder, with `millrace` on the path.
  std::vector<std::string> shell(const std::string& text) const {
    return {"/bin/bash", "-euo", "pipefail", "-c",
            "cd '" + folder_.path().string() +
                "'\nunset SSL_CERT_FILE\nexport PATH=\"$PWD/bin:$PATH\" MILLRACE_HOME='" +
                state().string() + "'\n" + text};
  }
  Finished run(const std::string& text) const {
    return Program(shell(text)).wait(std::chrono::seconds{120});
  }
  /// The address of a server of the running engine.
  std::string address(const char* server) const {
    const auto text = read_file(state() / "engine.json", 1 << 16);
    const auto json = text ? Json::parse(*text) : not_found("no file yet");
    return json ? (*json)[server].as_string() : "";
  }

  TempFolder folder_;
};

TEST_F(Https, WorksAsThePageShows) {
  const auto blocks = blocks_of_section();
  ASSERT_EQ(blocks.size(), 3u);
  ASSERT_EQ(run(blocks[1]).exit_code, 0) << blocks[1];
  Program up(shell("exec " + blocks[0] + " --dags dags --port 0 --serve-port 0"));
  ASSERT_TRUE(up.wait_for_output("Ctrl-C stops it.", std::chrono::seconds{120}));
  const std::string api = address("api"), serve = address("serve");
  EXPECT_TRUE(api.starts_with("https://127.0.0.1:")) << api;
  EXPECT_TRUE(serve.starts_with("https://127.0.0.1:")) << serve;
  EXPECT_TRUE(up.wait_for_output("dashboard and API  " + api + "\n", std::chrono::seconds{1}));
  EXPECT_TRUE(up.wait_for_output("model server       " + serve + "\n", std::chrono::seconds{1}));

  std::string commands = blocks[2];
  replace_all(commands, ":8793", api.substr(api.rfind(':')));
  replace_all(commands, ":8794", serve.substr(serve.rfind(':')));
  const Finished shown = run(commands);
  EXPECT_EQ(shown.exit_code, 0) << shown.out;

  const Finished own = run("millrace runs");
  EXPECT_EQ(own.exit_code, 0) << own.out;
  const std::string port = api.substr(api.rfind(':'));
  const Finished stranger = run("millrace runs --url https://localhost" + port);
  EXPECT_EQ(stranger.exit_code, traits(ErrorCode::permission_denied).exit_code) << stranger.out;
  EXPECT_NE(stranger.out.find("--ca-file"), std::string::npos) << stranger.out;
  const Finished plain = run("millrace runs --url http://localhost" + port);
  EXPECT_NE(plain.exit_code, 0);
  EXPECT_NE(plain.out.find("This port speaks HTTPS"), std::string::npos) << plain.out;
  up.signal(SIGINT);
  EXPECT_EQ(up.wait(std::chrono::seconds{120}).exit_code, 0);
}

TEST_F(Https, RefusesFilesThatDoNotFitBeforeAnythingStarts) {
  const auto blocks = blocks_of_section();
  ASSERT_EQ(run(blocks.at(1) + "\nmv server.key old.key\n" + blocks.at(1)).exit_code, 0);
  const int wrong = traits(ErrorCode::invalid_argument).exit_code;
  const std::pair<const char*, const char*> kCases[] = {
      {"--tls-cert server.crt --tls-key old.key", "'old.key' is not the key of the certificate"},
      {"--tls-cert none.crt --tls-key server.key", "cannot read 'none.crt'"},
      {"--tls-cert server.key --tls-key server.key", "holds no certificate"},
      {"--tls-cert server.crt", "--tls-key"},
      {"--tls-key server.key", "--tls-cert"}};
  for (const auto& [options, said] : kCases) {
    for (const char* verb : {"up", "serve"}) {
      const Finished refused = run(std::string("millrace ") + verb + " " + options);
      EXPECT_EQ(refused.exit_code, wrong) << options << "\n" << refused.out;
      EXPECT_NE(refused.out.find(said), std::string::npos) << options << "\n" << refused.out;
    }
  }
  EXPECT_FALSE(fs::exists(state()));
}

}  // namespace
}  // namespace millrace::e2e
