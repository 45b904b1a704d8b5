// Drawings of DAGs: golden files of a DAG with every mark, and structures that the tests read back.
// MILLRACE_UPDATE_GOLDEN=1 writes the golden files.
#include "engine/graph/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

using Edges = std::multiset<std::pair<std::string, std::string>>;

const std::string kFolder = MILLRACE_SOURCE_DIR "/tests/graph/golden/";

TaskGraph shapes() {
  const auto text = read_file(kFolder + "shapes.yaml", 1 << 16);
  const LoadedDag loaded = load_dag(text.value_or(""), "shapes.yaml", builtin_catalog());
  EXPECT_TRUE(loaded.spec) << to_string(loaded.diagnostics.at(0));
  return task_graph_of(*Dag::make(loaded.spec.value()));
}

Edges edges_of(const TaskGraph& graph) {
  Edges edges;
  for (const auto& task : graph.tasks)
    for (const auto& need : task.needs) edges.emplace(need, task.id);
  return edges;
}

/// A task with characters that have a meaning in one of the formats.
TaskGraph hostile() {
  return {.dag = "d\"]</title><script>",
          .tasks = {{.id = "a\"] --> b; %% `x`", .op = "<b>\\n&amp;#"},
                    {.id = "end",
                     .op = "noop",
                     .needs = {"a\"] --> b; %% `x`"},
                     .condition = "x == \"1\"\n--> \\"}}};
}

class Drawing : public ::testing::TestWithParam<const char*> {};

TEST_P(Drawing, IsTheGoldenOne) {
  const auto format = *from_name<GraphFormat>(GetParam());
  const std::string drawn = draw(shapes(), format);
  const std::string path = kFolder + "shapes." + GetParam();
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << drawn;
  EXPECT_EQ(drawn, read_file(path, 1 << 20).value_or("")) << path;
}

INSTANTIATE_TEST_SUITE_P(Formats, Drawing, ::testing::Values("text", "mermaid", "dot", "svg"),
                         [](const auto& each) { return std::string(each.param); });

// --- Mermaid -------------------------------------------------------------------------------------

/// What a flowchart of ours consists of; a line of any other form is an error.
struct Flowchart {
  std::map<std::string, std::string> labels;  // by node
  std::map<std::string, std::string> shapes;  // "[", "[[" or "{{"
  Edges edges;                                // of labels' first lines
};

Flowchart read_flowchart(const std::string& text) {
  static const std::regex kNode(R"re(  (t\d+)(\[\[|\[|\{\{)"([^"`]*)"(\]\]|\]|\}\}))re");
  static const std::regex kEdge(R"(  (t\d+) --> (t\d+))");
  Flowchart out;
  std::istringstream lines(text);
  std::string line;
  for (const char* expected : {"---", "title", "---", "flowchart LR"}) {
    std::getline(lines, line);
    EXPECT_TRUE(line.starts_with(expected)) << line;
  }
  const auto name = [&](const std::string& node) {
    const std::string& label = out.labels.at(node);
    return label.substr(0, label.find("<br>"));
  };
  for (std::smatch match; std::getline(lines, line);) {
    if (std::regex_match(line, match, kNode)) {
      out.labels[match[1]] = match[3];
      out.shapes[match[1]] = match[2];
    } else if (std::regex_match(line, match, kEdge)) {
      out.edges.emplace(name(match[1]), name(match[2]));
    } else {
      ADD_FAILURE() << "neither a node nor an edge: " << line;
    }
  }
  return out;
}

TEST(Mermaid, HasEveryTaskAndEveryEdge) {
  const TaskGraph graph = shapes();
  const Flowchart read = read_flowchart(draw_mermaid(graph));
  EXPECT_EQ(read.labels.size(), graph.tasks.size());
  EXPECT_EQ(read.edges, edges_of(graph));
}

TEST(Mermaid, ShowsMappedTasksAsSubroutinesAndBranchesAsHexagons) {
  const Flowchart read = read_flowchart(draw_mermaid(shapes()));
  EXPECT_EQ(read.shapes.at("t0"), "[") << "fetch";
  EXPECT_EQ(read.shapes.at("t2"), "[[") << "score";
  EXPECT_EQ(read.shapes.at("t4"), "{{") << "publish";
}

TEST(Mermaid, EscapesWhatWouldEndALabel) {
  const Flowchart read = read_flowchart(draw_mermaid(hostile()));
  EXPECT_EQ(read.labels.at("t0"), "a#quot;] --#gt; b; %% #96;x#96;<br>#lt;b#gt;#92;n#amp;amp;#35;");
  EXPECT_EQ(read.edges.size(), 1U);
}

// --- DOT -----------------------------------------------------------------------------------------

/// The tokens of the language: quoted strings with their escapes kept, names, and punctuation.
std::vector<std::string> dot_tokens(const std::string& text) {
  static const std::regex kToken(R"re("(?:[^"\\]|\\.)*"|->|[A-Za-z_][\w.]*|\d+|[{}\[\];,=]|\S)re");
  std::vector<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), kToken), end; at != end; ++at)
    out.push_back(at->str());
  return out;
}

/// The edges, and how many nodes there are; each statement must be one of the forms that we write.
std::pair<Edges, int> read_dot(const std::string& text) {
  const auto tokens = dot_tokens(text);
  std::pair<Edges, int> out;
  std::size_t at = 0;
  const auto is = [&](std::size_t i, const std::string& token) {
    return i < tokens.size() && tokens[i] == token;
  };
  EXPECT_TRUE(is(0, "digraph") && is(2, "{"));
  for (at = 3; at < tokens.size() && !is(at, "}");) {
    if (is(at + 1, "->")) {
      out.first.emplace(tokens[at], tokens[at + 2]);
    } else if (is(at + 1, "[") && tokens[at].starts_with('"')) {
      EXPECT_TRUE(is(at + 2, "shape") && is(at + 3, "=") && is(at + 5, ",") && is(at + 6, "label"));
      EXPECT_TRUE(is(at + 9, "]") && is(at + 10, ";")) << tokens[at];
      ++out.second;
    }
    while (at < tokens.size() && !is(at, ";")) ++at;
    ++at;
  }
  EXPECT_EQ(at + 1, tokens.size()) << "one closing brace at the end";
  return out;
}

Edges quoted(const Edges& edges) {
  Edges out;
  for (const auto& [from, to] : edges) out.emplace("\"" + from + "\"", "\"" + to + "\"");
  return out;
}

TEST(Dot, HasEveryTaskAndEveryEdge) {
  const TaskGraph graph = shapes();
  const auto [edges, nodes] = read_dot(draw_dot(graph));
  EXPECT_EQ(nodes, static_cast<int>(graph.tasks.size()));
  EXPECT_EQ(edges, quoted(edges_of(graph)));
}

TEST(Dot, EscapesQuotesAndBackslashes) {
  const std::string drawn = draw_dot(hostile());
  const auto [edges, nodes] = read_dot(drawn);
  EXPECT_EQ(nodes, 2);
  EXPECT_EQ(edges, (Edges{{R"("a\"] --> b; %% `x`")", R"("end")"}}));
  EXPECT_NE(drawn.find(R"(<b>\\n&amp;#)"), std::string::npos) << drawn;
}

// --- SVG -----------------------------------------------------------------------------------------

/// The names of the elements in the order of their starts; fails if one is not closed.
std::vector<std::string> elements_of(const std::string& xml) {
  static const std::regex kTag(R"re(<(/?)(\w+)((?:\s[\w:-]+="[^"<]*")*)(/?)>)re");
  std::vector<std::string> open, out;
  std::string rest = xml;
  std::smatch match;
  while (std::regex_search(rest, match, kTag)) {
    EXPECT_EQ(match.prefix().str().find_first_of("<>"), std::string::npos) << match.prefix();
    if (!match[1].str().empty()) {
      EXPECT_FALSE(open.empty() || open.back() != match[2]) << match[2];
      if (!open.empty()) open.pop_back();
    } else {
      out.push_back(match[2]);
      if (match[4].str().empty()) open.push_back(match[2]);
    }
    rest = match.suffix();
  }
  EXPECT_EQ(rest, "\n");
  EXPECT_TRUE(open.empty());
  return out;
}

TEST(Svg, IsWellFormedWithAGroupForEachTask) {
  for (const TaskGraph& graph : {shapes(), hostile(), TaskGraph{"empty", {}}}) {
    const auto elements = elements_of(draw_svg(graph));
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(elements, "g")), graph.tasks.size());
    EXPECT_EQ(std::ranges::count(elements, "script"), 0);
  }
}

TEST(Text, HasALineForEachTaskBelowWhatItNeeds) {
  EXPECT_EQ(draw_text({.dag = "d",
                       .tasks = {{.id = "load", .op = "noop", .needs = {"fetch"}},
                                 {.id = "fetch", .op = "command"}}}),
            "d\n"
            "  fetch   command\n"
            "    load  noop <- fetch\n");
}

}  // namespace
}  // namespace millrace
