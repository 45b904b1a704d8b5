#include "engine/spec/diagnostic.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Diagnostic sample() {
  return {"dags/x.yaml",
          2,
          3,
          Diagnostic::Severity::error,
          "unknown operator 'valdate'",
          "did you mean 'validate'?",
          "unknown-operator"};
}

TEST(Diagnostic, IsOneLineThatEditorsUnderstand) {
  EXPECT_EQ(to_string(sample()),
            "dags/x.yaml:2:3: error: unknown operator 'valdate'; did you mean 'validate'?");
  Diagnostic whole = sample();
  whole.line = 0;
  whole.hint = "";
  whole.severity = Diagnostic::Severity::warning;
  EXPECT_EQ(to_string(whole), "dags/x.yaml: warning: unknown operator 'valdate'");
}

// Clients read every member, also one that says nothing.
TEST(Diagnostic, IsJsonWithAllItsMembers) {
  Diagnostic plain = sample();
  plain.hint = plain.code = "";
  EXPECT_EQ(*Json::parse(R"([{"file": "dags/x.yaml", "line": 2, "column": 3, "severity": "error",
                              "message": "unknown operator 'valdate'", "hint": "", "code": "",
                              "source": "\tvaldate"}])"),
            diagnostics_json({plain}, "first\n\tvaldate\r\nlast"));
  plain.line = 0;
  EXPECT_EQ("", diagnostics_json({plain}, "first").at(0)["source"].as_string("none"));
}

TEST(Diagnostic, ShowsTheLineAndACaret) {
  EXPECT_EQ(render(sample(), "first\n\tvaldate\r\nlast"),
            "dags/x.yaml:2:3: error: unknown operator 'valdate'; did you mean 'validate'?\n"
            "    2 | \tvaldate\n"
            "      | \t ^\n");
}

TEST(Diagnostic, PrintsNoControlCharacters) {
  Diagnostic d = sample();
  d.message = "unknown operator '\033[2J\x7f\xc2\x9b'";  // clear screen, delete, C1 introducer
  d.line = 1;
  const std::string shown = render(d, "a\033]0;title\007\tb");
  EXPECT_EQ(shown,
            "dags/x.yaml:1:3: error: unknown operator '?[2J?\?'; did you mean 'validate'?\n"
            "    1 | a?]0;title?\tb\n"
            "      |   ^\n");
}

TEST(Diagnostic, CountsCellsNotBytesAndCutsLongLines) {
  Diagnostic d = sample();
  d.line = 1;
  d.column = 4;  // behind a two-byte character and one more
  EXPECT_NE(render(d, "\xc3\xa9x!").find("      |   ^\n"), std::string::npos);
  d.column = 100'000;
  EXPECT_LT(render(d, std::string(200'000, 'x')).size(), 500u);
}

TEST(Diagnostic, StaysQuietAboutLinesThatAreNotThere) {
  Diagnostic d = sample();
  d.line = 9;
  EXPECT_EQ(render(d, "one line"), to_string(d) + "\n");
}

}  // namespace
}  // namespace millrace
