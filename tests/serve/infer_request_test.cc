#include "engine/serve/infer_request.h"

#include <gtest/gtest.h>

#include <cmath>

namespace millrace::serve {
namespace {

using Names = std::vector<std::string>;
const Names kContract = {"hour", "distance", "delay_mean"};

ml::Matrix arranged(std::string_view body) {
  const auto request = parse_infer_request(body);
  EXPECT_TRUE(request.ok()) << request.error().message;
  if (!request) return {};
  const auto rows = arrange(*request, kContract, kContract);
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  return rows ? *rows : ml::Matrix();
}

std::string error_of(std::string_view body) {
  const auto request = parse_infer_request(body);
  if (!request) {
    EXPECT_EQ(ErrorCode::invalid_argument, request.error().code);
    return request.error().message;
  }
  const Names& known = kContract;
  if (const auto checked = check_columns(*request, {&known}); !checked)
    return checked.error().message;
  const auto rows = arrange(*request, kContract, kContract);
  return rows ? "no error" : rows.error().message;
}

const std::vector<double> kTwoRows = {7, 500, 1.5, 18, 1200, -3};

TEST(InferRequest, AFlatTensor) {
  const auto rows = arranged(
      R"({"id":"r1","inputs":[{"name":"input","shape":[2,3],"datatype":"FP64",
          "data":[7,500,1.5,18,1200,-3]}]})");
  EXPECT_EQ(2u, rows.rows());
  EXPECT_EQ(kTwoRows, rows.values());
}

TEST(InferRequest, ANestedTensor) {
  EXPECT_EQ(kTwoRows, arranged(R"({"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32",
                                   "data":[[7,500,1.5],[18,1200,-3]]}]})")
                          .values());
}

TEST(InferRequest, OneTensorAFeatureInAnyOrder) {
  const auto rows = arranged(R"({"inputs":[
      {"name":"delay_mean","shape":[2],"datatype":"FP64","data":[1.5,-3]},
      {"name":"hour","shape":[2,1],"datatype":"INT32","data":[[7],[18]]},
      {"name":"distance","shape":[2,1],"datatype":"INT64","data":[500,1200]}]})");
  EXPECT_EQ(kTwoRows, rows.values());
}

TEST(InferRequest, NullIsMissing) {
  const auto rows =
      arranged(R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP64","data":[7,null,1.5]}]})");
  EXPECT_TRUE(std::isnan(rows.at(0, 1)));
  EXPECT_EQ(7, rows.at(0, 0));
}

TEST(InferRequest, BooleansAreNumbers) {
  const auto rows = arranged(
      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"BOOL","data":[true,false,1]}]})");
  EXPECT_EQ((std::vector<double>{1, 0, 1}), rows.values());
}

TEST(InferRequest, WhoIsAsking) {
  const auto entity = [](std::string_view body, std::size_t row) {
    const auto request = parse_infer_request(body);
    EXPECT_TRUE(request.ok()) << request.error().message;
    return request ? std::string(request->entity(row)) : "";
  };
  const std::string tensor = R"({"name":"x","shape":[2,3],"datatype":"FP64","data":[1,2,3,4,5,6]})";
  EXPECT_EQ("N123", entity(R"({"parameters":{"entity":"N123"},"inputs":[)" + tensor + "]}", 1));
  EXPECT_EQ("42", entity(R"({"parameters":{"entity":42},"inputs":[)" + tensor + "]}", 0));
  const std::string each =
      R"({"inputs":[)" + tensor +
      R"(,{"name":"entity","shape":[2],"datatype":"BYTES","data":["a","b"]}]})";
  EXPECT_EQ("a", entity(each, 0));
  EXPECT_EQ("b", entity(each, 1));
  EXPECT_EQ("9", entity(R"({"inputs":[)" + tensor +
                            R"(,{"name":"entity_id","shape":[1],"datatype":"INT64","data":[9]}]})",
                        1));
  EXPECT_EQ("", entity(R"({"inputs":[)" + tensor + "]}", 0));
}

// A key is exact or refused: 9007199254740993 (2^53 + 1) is no double.
TEST(InferRequest, KeysAreNeverFloatingPoint) {
  const auto entity = [](const std::string& parameters, const std::string& input) {
    const auto request = parse_infer_request(
        "{" + parameters + R"("inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]})" +
        input + "]}");
    return request ? std::string(request->entity(0)) : request.error().message;
  };
  const auto tensor = [](const std::string& datatype, const std::string& value) {
    return R"(,{"name":"entity","shape":[1],"datatype":")" + datatype + R"(","data":[)" + value +
           "]}";
  };
  EXPECT_EQ("9007199254740993", entity("", tensor("INT64", "9007199254740993")));
  EXPECT_EQ("-9223372036854775807", entity("", tensor("INT64", "[-9223372036854775807]")));
  EXPECT_EQ("007", entity("", tensor("BYTES", "\"007\"")));
  for (const char* datatype : {"FP64", "FP32", "FP16"})
    EXPECT_NE(std::string::npos, entity("", tensor(datatype, "7")).find("which rounds"));
  for (const auto& [datatype, value] :
       {std::pair{"INT64", "7.0"}, {"INT64", "1e3"}, {"INT64", "null"}, {"BOOL", "true"}})
    EXPECT_NE(std::string::npos, entity("", tensor(datatype, value)).find("input 'entity'"))
        << entity("", tensor(datatype, value));
  EXPECT_EQ("9007199254740993", entity(R"("parameters":{"entity":9007199254740993},)", ""));
  EXPECT_EQ(
      "parameters.entity is 1.5, a floating-point number, which rounds; send a text or an "
      "integer",
      entity(R"("parameters":{"entity":1.5},)", ""));
}

TEST(InferRequest, AVersionWithOtherFeaturesFindsItsOwnByName) {
  const auto request = parse_infer_request(R"({"inputs":[
      {"name":"a","shape":[1],"datatype":"FP64","data":[1]},
      {"name":"b","shape":[1],"datatype":"FP64","data":[2]}]})");
  ASSERT_TRUE(request.ok());
  const Names champion = {"a"}, candidate = {"b", "a"};
  EXPECT_TRUE(check_columns(*request, {&champion, &candidate}).ok());
  EXPECT_EQ((std::vector<double>{1}), arrange(*request, champion, champion)->values());
  EXPECT_EQ((std::vector<double>{2, 1}), arrange(*request, champion, candidate)->values());
}

TEST(InferRequest, AnUnnamedTensorHasTheColumnsOfTheContract) {
  const auto request = parse_infer_request(
      R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,2]}]})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ((std::vector<double>{2, 1}), arrange(*request, {"a", "b"}, {"b", "a"})->values());
  const auto missing = arrange(*request, {"a", "b"}, {"b", "c"});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(std::string::npos, missing.error().message.find("missing inputs: c"));
}

struct Bad {
  const char* name;
  const char* body;
  const char* says;  // part of the message
};

class BadRequest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRequest, IsExplained) {
  const std::string message = error_of(GetParam().body);
  EXPECT_NE(std::string::npos, message.find(GetParam().says)) << message;
  EXPECT_LT(message.size(), 600u);
}

#define TENSOR(shape, type, data) \
  R"({"inputs":[{"name":"x","shape":)" shape R"(,"datatype":)" type R"(,"data":)" data "}]}"

INSTANTIATE_TEST_SUITE_P(
    InferRequest, BadRequest,
    ::testing::Values(
        Bad{"Empty", "", "invalid JSON"}, Bad{"NotAnObject", "[]", "must be a JSON object"},
        Bad{"NoInputs", "{}", "\"inputs\" must be a list"},
        Bad{"EmptyInputs", R"({"inputs":[]})", "1 to 4096 tensors"},
        Bad{"InputIsText", R"({"inputs":["x"]})", "must be an object"},
        Bad{"NoData", R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64"}]})", "no \"data\""},
        Bad{"NoName", R"({"inputs":[{"shape":[1],"datatype":"FP64","data":[1]}]})", "\"name\""},
        Bad{"UnknownDatatype", TENSOR("[1,3]", "\"FP65\"", "[1,2,3]"), "did you mean 'FP64'"},
        Bad{"DatatypeIsNumber", TENSOR("[1,3]", "64", "[1,2,3]"), "datatype is 64"},
        Bad{"NegativeShape", TENSOR("[-1,3]", "\"FP64\"", "[1,2,3]"), "shape is [-1,3]"},
        Bad{"ZeroShape", TENSOR("[0,3]", "\"FP64\"", "[]"), "from 1 to"},
        Bad{"HugeShape", TENSOR("[9223372036854775807,9223372036854775807]", "\"FP64\"", "[1]"),
            "each extent"},
        Bad{"LargeProduct", TENSOR("[900000,900000]", "\"FP64\"", "[1]"), "more than"},
        Bad{"FractionalShape", TENSOR("[1.5,3]", "\"FP64\"", "[1,2,3]"), "shape is [1.5,3]"},
        Bad{"DeepShape", TENSOR("[1,1,3]", "\"FP64\"", "[1,2,3]"), "[rows, columns]"},
        Bad{"TooFewValues", TENSOR("[2,3]", "\"FP64\"", "[1,2,3]"), "expected a list of 6 values"},
        Bad{"RaggedRows", TENSOR("[2,3]", "\"FP64\"", "[[1,2,3],[4,5]]"), "got 2 values"},
        Bad{"MixedNesting", TENSOR("[2,3]", "\"FP64\"", "[[1,2,3],4]"), "got an integer"},
        Bad{"TooDeepData", TENSOR("[1,3]", "\"FP64\"", "[[[1],[2],[3]]]"), "takes numbers"},
        Bad{"TextValue", TENSOR("[1,3]", "\"FP64\"", R"([1,"NaN",3])"), "value 1 is \"NaN\""},
        Bad{"FractionInInteger", TENSOR("[1,3]", "\"INT64\"", "[1,2.5,3]"), "INT64 takes integers"},
        Bad{"OutOfRange", TENSOR("[1,3]", "\"INT8\"", "[1,200,3]"),
            "integers from -128.0 to 127.0"},
        Bad{"NumberInBool", TENSOR("[1,3]", "\"BOOL\"", "[1,2,0]"), "true or false"},
        Bad{"BytesFeature", TENSOR("[1,3]", "\"BYTES\"", R"(["a","b","c"])"),
            "a feature is a number"},
        Bad{"Infinity", TENSOR("[1,3]", "\"FP64\"", "[1,1e999,3]"), "invalid JSON"},
        Bad{"WrongWidth", TENSOR("[1,2]", "\"FP64\"", "[1,2]"), "2 columns, the model 3 features"},
        Bad{"UnknownFeature",
            R"({"inputs":[{"name":"hour","shape":[1],"datatype":"FP64","data":[1]},
               {"name":"distnace","shape":[1],"datatype":"FP64","data":[1]}]})",
            "unknown input 'distnace'; did you mean 'distance'"},
        Bad{"MissingFeature",
            R"({"inputs":[{"name":"hour","shape":[1],"datatype":"FP64","data":[1]},
               {"name":"distance","shape":[1],"datatype":"FP64","data":[1]}]})",
            "missing inputs: delay_mean"},
        Bad{"Twice",
            R"({"inputs":[{"name":"hour","shape":[1],"datatype":"FP64","data":[1]},
               {"name":"hour","shape":[1],"datatype":"FP64","data":[1]}]})",
            "stands twice"},
        Bad{"UnequalRows",
            R"({"inputs":[{"name":"hour","shape":[1],"datatype":"FP64","data":[1]},
               {"name":"distance","shape":[2],"datatype":"FP64","data":[1,2]}]})",
            "has 2 rows"},
        Bad{"EntitiesAndRows",
            R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP64","data":[1,2,3]},
               {"name":"entity","shape":[2],"datatype":"BYTES","data":["a","b"]}]})",
            "2 entities for 1 rows"},
        Bad{"IdIsNumber", R"({"id":7,"inputs":[]})", "\"id\" must be a string"},
        Bad{"DuplicateMember", R"({"inputs":[],"inputs":[]})", "is given twice"},
        Bad{"BadUtf8", "{\"inputs\":[{\"name\":\"\xff\xfe\"}]}", "invalid JSON"}),
    [](const auto& bad) { return bad.param.name; });

TEST(InferRequest, TooManyValuesAreRefusedBeforeTheyTakeMemory) {
  std::string body = R"({"inputs":[{"name":"x","shape":[500000,3],"datatype":"FP64","data":[0)";
  for (int i = 1; i < 1'500'000; ++i) body += ",0";
  EXPECT_NE(std::string::npos, error_of(body + "]}]}").find("more than 1000000 values"));
}

TEST(InferRequest, DeepNestingIsRefused) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_NE(std::string::npos, error_of(R"({"inputs":)" + deep + "}").find("nested deeper"));
}

}  // namespace
}  // namespace millrace::serve
