// Templates: a group of tasks in a file of its own, which tasks of DAGs use by name. The expected
// specs are written by hand, as a DAG without a template would have them.
#include <gtest/gtest.h>

#include "engine/spec/load.h"
#include "engine/spec/templates.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

constexpr const char* kClean = R"(template: clean
inputs:
  path: {type: string}
  limit: {type: integer, default: 10, minimum: 1}
outputs:
  rows: "${{ tasks.check.outputs.rows }}"
  source: "${{ inputs.path }}"
tasks:
  load:
    operator: command
    with:
      argv: [./load, "${{ inputs.path }}", "--limit=${{ inputs.limit }}"]
  check:
    needs: load
    if: inputs.limit > 5
    operator: noop
    with: {outputs: {rows: "${{ default(tasks.load.outputs.rows, inputs.limit) }}"}}
)";

Templates templates_of(std::vector<Templates::Text> texts) {
  return Templates::of(std::move(texts), builtin_catalog());
}

LoadedDag load(std::string_view dag, std::vector<Templates::Text> texts) {
  const Templates templates = templates_of(std::move(texts));
  return load_dag(dag, "x.yaml", builtin_catalog(), templates);
}

/// All diagnostics of the DAG, a line each.
std::string problems(std::string_view dag, std::vector<Templates::Text> texts) {
  std::string all;
  for (const auto& one : load(dag, std::move(texts)).diagnostics)
    all += (all.empty() ? "" : "\n") + to_string(one);
  return all;
}

DagSpec spec_of(std::string_view dag, std::vector<Templates::Text> texts) {
  const LoadedDag loaded = load(dag, std::move(texts));
  for (const auto& one : loaded.diagnostics) ADD_FAILURE() << to_string(one);
  return loaded.spec.value_or(DagSpec{});
}

const TaskSpec& task(const DagSpec& spec, std::string_view id) {
  for (const auto& one : spec.tasks)
    if (one.id == id) return one;
  static const TaskSpec none;
  ADD_FAILURE() << "there is no task " << id;
  return none;
}

std::vector<std::string> ids(const DagSpec& spec) {
  std::vector<std::string> out;
  for (const auto& one : spec.tasks) out.push_back(one.id);
  return out;
}

using Ids = std::vector<std::string>;

TEST(Template, ItsTasksTakeThePlaceOfTheTaskThatUsesIt) {
  const DagSpec spec = spec_of(R"(dag: x
params: {day: monday}
tasks:
  start: {operator: noop}
  clean:
    needs: start
    template: clean
    with: {path: "data/${{ params.day }}.csv"}
  end:
    needs: clean
    operator: noop
    with: {outputs: {rows: "${{ tasks.clean.outputs.rows }}", from: "${{ tasks.clean.outputs.source }}"}}
)",
                               {{"clean.yaml", kClean}});
  EXPECT_EQ(ids(spec), (Ids{"start", "clean.load", "clean.check", "end"}));
  EXPECT_EQ(task(spec, "clean.load").needs, Ids{"start"});
  EXPECT_EQ(task(spec, "clean.load").with.dump(),
            R"({"argv":["./load","data/${{ params.day }}.csv","--limit=${{ 10 }}"]})");
  EXPECT_EQ(task(spec, "clean.check").needs, Ids{"clean.load"});
  EXPECT_EQ(task(spec, "clean.check").condition, " 10 > 5 ");
  EXPECT_EQ(task(spec, "clean.check").with.dump(),
            R"({"outputs":{"rows":"${{ default(tasks['clean.load'].outputs.rows, 10) }}"}})");
  EXPECT_EQ(task(spec, "end").needs, Ids{"clean.check"});
  EXPECT_EQ(task(spec, "end").with.dump(),
            R"({"outputs":{"rows":"${{ tasks['clean.check'].outputs.rows }}",)"
            R"("from":"data/${{ params.day }}.csv"}})");
}

TEST(Template, TheVersionOfTheDagIsThatOfTheSameTasksWrittenOut) {
  const LoadedDag used = load("dag: x\ntasks:\n  a: {template: t, with: {n: 3}}\n",
                              {{"t.yaml",
                                "template: t\ninputs: {n: 1}\ntasks:\n"
                                "  one: {operator: noop, with: {outputs: {n: '${{ inputs.n }}'}}}\n"
                                "  two: {needs: one, operator: noop}\n"}});
  const LoadedDag written = load(
      "dag: x\ntasks:\n  a.one: {operator: noop, with: {outputs: {n: 3}}}\n"
      "  a.two: {needs: a.one, operator: noop}\n",
      {});
  ASSERT_TRUE(used.spec && written.spec);
  EXPECT_EQ(Dag::make(*used.spec)->version(), Dag::make(*written.spec)->version());
}

TEST(Template, AnInputIsAValueAndKeepsItsType) {
  const char* text = R"(template: t
inputs: {xs: {type: array}, flag: false, name: {type: string, default: 1.10}, n: {type: number, default: 0.5}}
tasks:
  each:
    operator: noop
    foreach: "${{ inputs.xs }}"
    if: inputs.flag
    with: {outputs: {all: "${{ inputs.xs }}", name: "${{ inputs.name }}", n: "${{ inputs.n }}", count: "${{ length(inputs.xs) }}", text: "n is ${{ inputs.n }}"}}
)";
  const DagSpec spec =
      spec_of("dag: x\ntasks:\n  a: {template: t, with: {xs: [1, \"it's\"], flag: true}}\n",
              {{"t.yaml", text}});
  const TaskSpec& each = task(spec, "a.each");
  EXPECT_EQ(each.foreach.dump(), R"([1,"it's"])");
  EXPECT_EQ(each.condition, " true ");
  EXPECT_EQ(each.with.dump(),
            R"({"outputs":{"all":[1,"it's"],"name":"1.10","n":0.5,)"
            R"("count":"${{ length(fromJSON('[1,\"it''s\"]')) }}","text":"n is ${{ 0.5 }}"}})");
}

// Otherwise `a || b` would bind to what is around it.
TEST(Template, AnExpressionGivenToAnInputStaysOneValue) {
  const char* text = R"(template: t
inputs: {n: {}}
tasks:
  one:
    operator: noop
    if: "!inputs.n"
    with: {outputs: {twice: "${{ inputs.n && inputs.n }}", member: "${{ inputs.n.a }}", text: "${{ format('{0}', inputs.n) }}"}}
)";
  const DagSpec spec = spec_of(
      "dag: x\nparams: {a: 1, b: 2}\ntasks:\n  u: {template: t, with: {n: \"${{ params.a || "
      "params.b }}\"}}\n",
      {{"t.yaml", text}});
  const TaskSpec& one = task(spec, "u.one");
  EXPECT_EQ(one.condition, " !(params.a || params.b) ");
  EXPECT_EQ(one.with["outputs"].dump(),
            R"({"twice":"${{ (params.a || params.b) && (params.a || params.b) }}",)"
            R"("member":"${{ (params.a || params.b).a }}",)"
            R"("text":"${{ format('{0}', (params.a || params.b)) }}"})");
}

TEST(Template, ATextWithExpressionsIsFormattedInsideAnExpression) {
  const DagSpec spec = spec_of(
      "dag: x\nparams: {day: mon}\ntasks:\n  u: {template: t, with: {p: \"d{1}/${{ params.day "
      "}}'s\"}}\n",
      {{"t.yaml",
        "template: t\ninputs: {p: {type: string}}\ntasks:\n"
        "  one: {operator: noop, if: \"inputs.p != ''\"}\n"}});
  EXPECT_EQ(task(spec, "u.one").condition, " format('d{{1}}/{0}''s', params.day) != '' ");
}

TEST(Template, AConstantTextIsNeverReadAsAnExpression) {
  const DagSpec spec =
      spec_of("dag: x\ntasks:\n  u: {template: t, with: {p: \"{{ params.secret }}\"}}\n",
              {{"t.yaml",
                "template: t\ninputs: {p: {type: string}}\ntasks:\n"
                "  one: {operator: noop, with: {outputs: {a: '$${{ inputs.p }}'}}}\n"}});
  EXPECT_EQ(task(spec, "u.one").with["outputs"]["a"].as_view(), "$${{ '{{ params.secret }}' }}");
}

TEST(Template, FirstTasksTakeNeedsAndIfOfTheUse) {
  const char* text = R"(template: t
tasks:
  a: {operator: noop}
  b: {operator: noop, if: "dag.owner != ''"}
  c: {operator: noop, needs: [a, b]}
  d: {operator: noop, needs: a}
)";
  const DagSpec spec = spec_of(R"yaml(dag: x
params: {go: true}
tasks:
  one: {operator: noop}
  two: {operator: noop}
  use: {template: t, needs: [one, two], if: "params.go || failure()"}
  end: {operator: noop, needs: use}
)yaml",
                               {{"t.yaml", text}});
  EXPECT_EQ(task(spec, "use.a").needs, (Ids{"one", "two"}));
  EXPECT_EQ(task(spec, "use.b").needs, (Ids{"one", "two"}));
  EXPECT_EQ(task(spec, "use.a").condition, "params.go || failure()");
  EXPECT_EQ(task(spec, "use.b").condition, " (params.go || failure()) && (dag.owner != '') ");
  EXPECT_EQ(task(spec, "use.c").condition, "");
  EXPECT_EQ(task(spec, "end").needs, (Ids{"use.c", "use.d"}));
}

TEST(Template, TemplatesMayUseTemplates) {
  const char* outer = R"(template: outer
inputs: {n: {type: integer}}
outputs: {m: "${{ tasks.in.outputs.m }}"}
tasks:
  first: {operator: noop}
  in: {template: inner, needs: first, with: {k: "${{ inputs.n }}"}}
  last: {operator: noop, needs: in, with: {outputs: {seen: "${{ tasks.in.outputs.m }}"}}}
)";
  const char* inner = R"(template: inner
inputs: {k: {type: integer}}
outputs: {m: "${{ tasks.only.outputs.k }}"}
tasks:
  only: {operator: noop, with: {outputs: {k: "${{ inputs.k }}"}}}
)";
  const DagSpec spec = spec_of(R"(dag: x
outputs: {m: "${{ tasks.u.outputs.m }}"}
tasks:
  u: {template: outer, with: {n: 7}}
  v: {template: outer, needs: u, with: {n: "${{ tasks.u.outputs.m }}"}}
)",
                               {{"outer.yaml", outer}, {"inner.yaml", inner}});
  EXPECT_EQ(ids(spec), (Ids{"u.first", "u.in.only", "u.last", "v.first", "v.in.only", "v.last"}));
  EXPECT_EQ(task(spec, "u.in.only").with.dump(), R"({"outputs":{"k":7}})");
  EXPECT_EQ(task(spec, "v.first").needs, Ids{"u.last"});
  EXPECT_EQ(spec.outputs.dump(), R"({"m":"${{ tasks['u.in.only'].outputs.k }}"})");
  EXPECT_EQ(task(spec, "v.last").with.dump(),
            R"({"outputs":{"seen":"${{ tasks['v.in.only'].outputs.k }}"}})");
}

TEST(Template, ATaskInsideOfAUseCanBeNeededAndRead) {
  const DagSpec spec = spec_of(R"(dag: x
tasks:
  u: {template: t}
  v: {operator: noop, needs: u.a, with: {outputs: {n: "${{ tasks.u.a.outputs.n }}", s: "${{ tasks['u.a'].state }}"}}}
)",
                               {{"t.yaml",
                                 "template: t\ntasks:\n"
                                 "  a: {operator: noop, with: {outputs: {n: 1}}}\n"
                                 "  b: {operator: noop, needs: a}\n"}});
  EXPECT_EQ(task(spec, "v").needs, Ids{"u.a"});
  EXPECT_EQ(task(spec, "v").with.dump(),
            R"({"outputs":{"n":"${{ tasks['u.a'].outputs.n }}","s":"${{ tasks['u.a'].state }}"}})");
}

TEST(Template, DefaultsOfTheTemplateWinOverThoseOfTheDag) {
  const DagSpec spec =
      spec_of("dag: x\ndefaults: {retries: 5, priority: 3}\ntasks:\n  u: {template: t}\n",
              {{"t.yaml",
                "template: t\ndefaults: {retries: 2}\ntasks:\n"
                "  a: {operator: noop}\n  b: {operator: noop, priority: 7}\n"}});
  EXPECT_EQ(task(spec, "u.a").retries.max, 2);
  EXPECT_EQ(task(spec, "u.a").priority, 3);
  EXPECT_EQ(task(spec, "u.b").priority, 7);
}

TEST(Template, TheNamespaceOfTheDagComesBeforeDefault) {
  const std::vector<Templates::Text> both = {
      {"a.yaml", "template: t\ntasks: {shared: {operator: noop}}\n"},
      {"b.yaml", "template: t\nnamespace: ml\ntasks: {own: {operator: noop}}\n"}};
  EXPECT_EQ(ids(spec_of("dag: x\nnamespace: ml\ntasks: {u: {template: t}}\n", both)), Ids{"u.own"});
  EXPECT_EQ(ids(spec_of("dag: x\nnamespace: web\ntasks: {u: {template: t}}\n", both)),
            Ids{"u.shared"});
}

TEST(Template, ErrorsOfAUseHaveTheirPlaceInTheDag) {
  EXPECT_EQ(problems(R"(dag: x
tasks:
  a: {template: cleen}
  b:
    template: clean
    with: {limit: 0, pth: x}
  c:
    template: clean
    operator: noop
    retries: 3
    wiht: {}
    with: {path: 5}
  d: {operator: noop, needs: [a, b], with: {outputs: {n: "${{ tasks.b.outputs.rows }}"}}}
)",
                     {{"clean.yaml", kClean}}),
            "x.yaml:3:17: error: there is no template 'cleen'; did you mean 'clean'?\n"
            "x.yaml:4:3: error: template 'clean' needs a value for the input 'path'; write it in "
            "`with`\n"
            "x.yaml:6:19: error: input 'limit' is 0; expected at least 1\n"
            "x.yaml:6:22: error: template 'clean' has no input 'pth'; did you mean 'path'?\n"
            "x.yaml:9:5: error: task 'c' has an operator and a template; remove one of the two\n"
            "x.yaml:10:5: error: 'retries' cannot be set where a template is used; set it for the "
            "tasks of the template, in its file\n"
            "x.yaml:11:5: error: unknown key 'wiht' in task 'c'; did you mean 'with'?");
}

TEST(Template, AnErrorInTheTemplateNamesItsPlaceAndTheUse) {
  EXPECT_EQ(problems("dag: x\ntasks:\n  a: {template: t}\n",
                     {{"sub/t.yaml", "template: t\ntasks:\n  one: {operator: nop}\n"}}),
            "x.yaml:3:17: error: template 't' has an error: sub/t.yaml:3:19: unknown operator "
            "'nop'");
  // Right by itself, but not with what is given: the text is no time of day.
  EXPECT_EQ(problems("dag: x\nparams: {s: a}\ntasks:\n  a: {template: t, with: {l: \"${{ params.s "
                     "}}\"}}\n",
                     {{"sub/t.yaml",
                       "template: t\ninputs: {l: {}}\ntasks:\n"
                       "  one: {operator: noop, foreach: \"${{ inputs.l }}\"}\n"}}),
            "x.yaml:4:30: error: foreach: '${{ params.s }}': it is a string; expected a list");
}

TEST(Template, APlaceInANestedTemplateNamesEachUse) {
  EXPECT_EQ(
      problems(
          "dag: x\nparams: {s: a}\ntasks:\n  a: {template: t, with: {l: \"${{ params.s }}\"}}\n",
          {{"t.yaml",
            "template: t\ninputs: {l: {}}\ntasks:\n"
            "  u: {template: inner, with: {k: \"${{ inputs.l }}\"}}\n"},
           {"i.yaml",
            "template: inner\ninputs: {k: {}}\ntasks:\n"
            "  one: {operator: noop, foreach: \"${{ inputs.k || inputs.k }}\"}\n"}}),
      "x.yaml:4:3: error: i.yaml:4:34, used in t.yaml:4:3: foreach: '${{ params.s || params.s "
      "}}': it is a string; expected a list");
}

TEST(Template, ATaskNeedsTheUseThatItReads) {
  EXPECT_EQ(problems(R"(dag: x
tasks:
  u: {template: clean, with: {path: a}}
  v: {operator: noop, with: {outputs: {n: "${{ tasks.u.outputs.rows }}"}}}
  w: {operator: noop, needs: u, with: {outputs: {n: "${{ tasks.u.outputs.row }}", s: "${{ tasks.u.state }}"}}}
)",
                     {{"clean.yaml", kClean}}),
            "x.yaml:4:43: error: task 'v' reads 'tasks.u.check', which does not run before it; add "
            "'u.check' to its `needs`\n"
            "x.yaml:5:53: error: template 'clean' has no output 'row'; did you mean 'rows'?\n"
            "x.yaml:5:86: error: task 'u' is the template 'clean': it has no state of its own; "
            "read one of its outputs, such as tasks.u.outputs.rows");
}

TEST(Template, TemplatesInACircleAreRefused) {
  const std::vector<Templates::Text> circle = {
      {"a.yaml", "template: a\ntasks: {u: {template: b}}\n"},
      {"b.yaml", "template: b\ntasks: {v: {template: a}}\n"}};
  EXPECT_EQ(problems("dag: x\ntasks:\n  t: {template: a}\n", circle),
            "x.yaml:3:17: error: template 'a' has an error: a.yaml:2:23: template 'b' has an "
            "error: b.yaml:2:23: the templates use one another in a circle: a -> b -> a");
}

TEST(Template, NestsAtMostEightDeep) {
  std::vector<Templates::Text> texts;
  for (int i = 1; i <= 9; ++i) {
    const std::string name = "t" + std::to_string(i);
    const std::string body = i == 9 ? "operator: noop" : "template: t" + std::to_string(i + 1);
    texts.push_back({name + ".yaml", "template: " + name + "\ntasks: {u: {" + body + "}}\n"});
  }
  EXPECT_EQ(problems("dag: x\ntasks: {a: {template: t2}}\n", texts), "");
  EXPECT_NE(problems("dag: x\ntasks: {a: {template: t1}}\n", texts)
                .find("templates are nested deeper than 8 levels"),
            std::string::npos);
}

TEST(Template, AHugeExpansionIsRefusedQuickly) {
  std::vector<Templates::Text> texts;
  for (int i = 1; i <= 6; ++i) {
    std::string text = "template: t" + std::to_string(i) + "\ntasks:\n";
    for (int k = 0; k < 50; ++k)
      text += "  k" + std::to_string(k) +
              (i == 6 ? ": {operator: noop}\n" : ": {template: t" + std::to_string(i + 1) + "}\n");
    texts.push_back({"t" + std::to_string(i) + ".yaml", text});
  }
  const std::string found = problems("dag: x\ntasks: {a: {template: t4}}\n", texts);
  EXPECT_NE(found.find("more than 10000 tasks"), std::string::npos) << found;
}

TEST(Template, TwoTasksOfOneIdAreAnError) {
  EXPECT_EQ(problems("dag: x\ntasks:\n  u: {template: t}\n  u.a: {operator: noop}\n",
                     {{"t.yaml", "template: t\ntasks: {a: {operator: noop}}\n"}}),
            "x.yaml:4:3: error: task 'u.a' exists twice: once from a template; rename one of the "
            "two");
}

/// Diagnostics of the template's own file.
std::string own_problems(std::string_view text) {
  std::string all;
  for (const auto& one : load_resource(text, "t.yaml", builtin_catalog()).diagnostics)
    all += (all.empty() ? "" : "\n") + to_string(one);
  return all;
}

TEST(Template, ItsFileIsCheckedByItself) {
  EXPECT_EQ(own_problems(R"(template: t
inputs:
  n: {type: integer, default: "${{ run.id }}"}
  s: {type: string}
outputs: {a: "${{ tasks.one.outputs.x }}"}
schedule: daily
tasks:
  state: {operator: noop}
  one:
    operator: wait
    with: {for: "${{ inputs.m }}"}
  two: {operator: noop, needs: on, foreach: "${{ inputs.n }}", with: {outputs: {p: "${{ params.x }}"}}}
)"),
            "t.yaml:3:31: error: the default breaks its own schema: input 'n' is \"${{ run.id "
            "}}\"; expected a value of type integer\n"
            "t.yaml:3:31: error: the default of input 'n' holds an expression; write a constant, "
            "and give the expression where the template is used\n"
            "t.yaml:5:19: error: task 'one' ('wait') has no output 'x'; there is only 'until'\n"
            "t.yaml:6:1: error: unknown key 'schedule' in the template; it is a key of a DAG\n"
            "t.yaml:8:3: error: a task of a template cannot be called 'state'; 'tasks.USE.state' "
            "has a meaning of its own\n"
            "t.yaml:11:22: error: the template has no input 'm'; did you mean 'n'?\n"
            "t.yaml:12:32: error: task 'two' needs the unknown task 'on'; did you mean 'one'?\n"
            "t.yaml:12:45: error: foreach: '${{ inputs.n }}': it is an integer; expected a list\n"
            "t.yaml:12:89: error: a template does not know 'params'; declare an input, and give "
            "it the value where the template is used");
}

TEST(Template, AWarningOfTheTemplateIsNotRepeatedForEachUse) {
  const std::vector<Templates::Text> shell = {
      {"t.yaml",
       "template: t\ninputs: {s: {type: string}}\ntasks:\n"
       "  a: {operator: command, with: {run: \"echo ${{ inputs.s }}\"}}\n"}};
  EXPECT_NE(own_problems(shell[0].text).find("shell"), std::string::npos);
  EXPECT_EQ(problems("dag: x\nparams: {p: a}\ntasks:\n  u: {template: t, with: {s: \"${{ params.p "
                     "}}\"}}\n",
                     shell),
            "");
}

constexpr const char* kRented = R"(template: rented
tasks:
  rent: {operator: noop}
  work: {operator: noop, needs: rent}
  give_back: {operator: noop, needs: work, teardown: rent}
  close: {operator: noop, teardown: {setups: [rent], fail_run: true}}
)";

TEST(Template, ATeardownInItCleansUpAfterASetupInIt) {
  const DagSpec spec = spec_of(R"(dag: x
tasks:
  start: {operator: noop}
  car: {template: rented, needs: start, if: "1 == 1"}
  end: {operator: noop, needs: car}
  park: {operator: noop, needs: end, teardown: car}
)",
                               {{"t.yaml", kRented}});
  EXPECT_EQ(Ids{"car.rent"}, task(spec, "car.give_back").teardown.setups);
  EXPECT_EQ((Ids{"car.work", "car.rent"}), task(spec, "car.give_back").needs);
  EXPECT_EQ(Ids{"car.rent"}, task(spec, "car.close").needs) << "it is no first task";
  EXPECT_EQ("", task(spec, "car.close").condition);
  EXPECT_TRUE(task(spec, "car.close").teardown.fail_run);
  EXPECT_EQ(Ids{"car.work"}, task(spec, "end").needs) << "a teardown is no last task";
  EXPECT_EQ(Ids{"car.work"}, task(spec, "park").teardown.setups);
}

constexpr const char* kFallback = R"(template: fallback
tasks:
  main: {operator: noop}
  mirror: {operator: noop, depends: main.failed}
  load: {operator: noop, depends: main.success || mirror.success}
  note: {operator: noop, depends: "load.ended"}
)";

TEST(Template, DependsNamesTasksOfTheTemplate) {
  const DagSpec spec = spec_of(R"(dag: x
tasks:
  start: {operator: noop}
  get: {template: fallback, needs: start}
  end: {operator: noop, depends: "get && !get.mirror.failed"}
)",
                               {{"t.yaml", kFallback}});
  EXPECT_EQ(Ids{"start"}, task(spec, "get.main").needs);
  EXPECT_EQ("get.main.failed", task(spec, "get.mirror").depends);
  EXPECT_EQ(Ids{"get.main"}, task(spec, "get.mirror").needs) << "it is no first task";
  EXPECT_EQ("get.main.success || get.mirror.success", task(spec, "get.load").depends);
  EXPECT_EQ("get.note && !get.mirror.failed", task(spec, "end").depends);
  EXPECT_EQ((Ids{"get.note", "get.mirror"}), task(spec, "end").needs);
}

TEST(Template, DependsOnAUseAsksOnlyForItsSuccess) {
  EXPECT_EQ(
      "x.yaml:5:34: error: depends: task 'get' uses a template and has no state 'failed'; name a "
      "task in it, such as 'get.TASK.failed'",
      problems(R"(dag: x
tasks:
  start: {operator: noop}
  get: {template: fallback, needs: start}
  end: {operator: noop, depends: get.failed}
)",
               {{"t.yaml", kFallback}}));
}

}  // namespace
}  // namespace millrace
