// The experts that another program chose are read as it wrote them, and nothing else is.
#include "launch/bench/recorded/recorded_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard::bench {
namespace recorded_trace_test {

using testing::ElementsAre;
using testing::HasSubstr;

std::string npy(const std::string& type, const std::string& shape, const std::string& values,
                const std::string& order = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  header += std::string(118 - header.size() - 1, ' ') + "\n";
  return std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header + values;
}

class RecordedTraceFile : public testing::Test {
 protected:
  std::filesystem::path file(const char* name, const std::string& text) {
    std::ofstream(scratch_ / name, std::ios::binary) << text;
    return scratch_ / name;
  }
  TraceChoices lines(const std::string& text) { return read_trace(file("t.jsonl", text)); }
  TraceChoices array(const std::string& bytes) { return read_trace(file("t.npy", bytes)); }
  std::string refusal(const char* name, const std::string& text) {
    try {
      read_trace(file(name, text));
      return "read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::data) << error.what();
      return error.what();
    }
  }
  const Scratch scratch_;
};

TEST_F(RecordedTraceFile, ArraysAreTokensByLayersByChoices) {
  const TraceChoices bytes = array(npy("|u1", "(2, 2, 2)", std::string("\0\1\2\3\4\5\6\7", 8)));
  EXPECT_EQ(bytes.top_k, 2);
  ASSERT_EQ(bytes.layers.size(), 2U);
  EXPECT_THAT(bytes.layers[0], ElementsAre(0, 1, 4, 5));
  EXPECT_THAT(bytes.layers[1], ElementsAre(2, 3, 6, 7));
  const TraceChoices shorts = array(npy("<i2", "(2, 1)", std::string("\xFF\xFF\x02\x01", 4)));
  ASSERT_EQ(shorts.layers.size(), 1U);
  EXPECT_THAT(shorts.layers[0], ElementsAre(-1, 0x102));
}

TEST_F(RecordedTraceFile, TheZerosOfADenseLayerAreLeftOut) {
  const TraceChoices choices =
      lines("{\"experts\": [[0, 0], [2, 0]]}\n{\"experts\": [[0, 0], [1, 0]]}\n");
  ASSERT_EQ(choices.layers.size(), 1U);
  EXPECT_THAT(choices.layers[0], ElementsAre(2, 0, 1, 0));
  EXPECT_EQ(lines("{\"experts\": [[0], [0]]}\n").layers.size(), 2U) << "one choice may be 0";
}

TEST_F(RecordedTraceFile, DamagedArraysAreRefused) {
  EXPECT_THAT(refusal("t.npy", npy("<f4", "(1, 1)", "1234")), HasSubstr("astype"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(1, 1)", "1", "True")), HasSubstr("Fortran"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(3, 1)", "12")), HasSubstr("does not fit the shape"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(1, 1)", "12")), HasSubstr("does not fit the shape"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(2147483647, 2147483647, 2147483647)", "1")),
              HasSubstr("does not fit the shape"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(1,", "1")), HasSubstr("shape is damaged"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(4,)", "1234")), HasSubstr("1 dimensions"));
  EXPECT_THAT(refusal("t.npy", npy("<u4", "(1, 1)", "\xFF\xFF\xFF\xFF")), HasSubstr("32 bits"));
  EXPECT_THAT(refusal("t.npy", npy("|u1", "(0, 2)", "")), HasSubstr("no choices"));
  EXPECT_THAT(refusal("t.npy", "\x93NUMPY"), HasSubstr("is cut"));
  EXPECT_THAT(refusal("t.npy", "a text that is long enough"), HasSubstr("not in NumPy's format"));
}

TEST_F(RecordedTraceFile, LinesHoldRequestsTokensOrLayers) {
  const TraceChoices requests = lines(
      "{\"id\": 7, \"routed_experts\": [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]}\n\n"
      "{\"experts\": [[1, 0], [3, 2]]}\n");
  EXPECT_EQ(requests.top_k, 2);
  ASSERT_EQ(requests.layers.size(), 2U);
  EXPECT_THAT(requests.layers[0], ElementsAre(0, 1, 4, 5, 1, 0));
  EXPECT_THAT(requests.layers[1], ElementsAre(2, 3, 6, 7, 3, 2));
  const TraceChoices layers = lines(
      "{\"layer\": 3, \"topk_ids\": [[5], [6]]}\n{\"layer\": 1, \"topk_ids\": [7]}\n"
      "{\"layer\": 1, \"topk_ids\": [-1]}\n");
  ASSERT_EQ(layers.layers.size(), 2U);
  EXPECT_THAT(layers.layers[0], ElementsAre(7, -1));
  EXPECT_THAT(layers.layers[1], ElementsAre(5, 6));
}

TEST_F(RecordedTraceFile, LinesThatAreSomethingElseAreNamed) {
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [[0, 1]]}\n[1]\n"), HasSubstr("line 2 is not a"));
  EXPECT_THAT(refusal("t.jsonl", "{\"logits\": [[0.5]]}\n"), HasSubstr("line 1 has no experts"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [[0.5]]}\n"), HasSubstr("not an integer"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [[3000000000]]}\n"), HasSubstr("32 bits"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [[1, 2]]}\n{\"experts\": [[1]]}\n"),
              HasSubstr("line 2 chooses 1 experts"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [1, 2]}\n"), HasSubstr("has no layer"));
  EXPECT_THAT(refusal("t.jsonl", "{\"layer\": 0, \"experts\": [[[1]]]}\n"),
              HasSubstr("has a layer"));
  EXPECT_THAT(refusal("t.jsonl", "{\"layer\": -1, \"experts\": [1]}\n"), HasSubstr("from 0"));
  EXPECT_THAT(
      refusal("t.jsonl",
              "{\"layer\": 0, \"experts\": [1]}\n{\"layer\": 1, \"experts\": [[1], [2]]}\n"),
      HasSubstr("layer 1 in order has 2 tokens"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": [[4, 4]]}\n"),
              HasSubstr("expert 4 twice in layer 0"));
  EXPECT_THAT(refusal("t.jsonl", "{\"experts\": " + std::string(100'000, '[') + "\n"),
              HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("t.jsonl", ""), HasSubstr("no choices"));
  EXPECT_THAT(refusal("t.txt", "1 2"), HasSubstr("ends in .npy or .jsonl"));
}

// Five tokens of two layers: token t chooses expert t in layer 0 and expert 10 + t in layer 1.
TEST_F(RecordedTraceFile, RanksTakePiecesInTurnThenTheNextLayer) {
  const RecordedTrace trace({1, {{0, 1, 2, 3, 4}, {10, 11, 12, 13, 14}}}, "trace");
  const auto drawn = [&](int rank, std::int64_t iteration, std::int64_t tokens) {
    return trace.draw(rank, 2, iteration, tokens, 16).expert;
  };
  EXPECT_THAT(drawn(0, 0, 2), ElementsAre(0, 1));
  EXPECT_THAT(drawn(1, 0, 2), ElementsAre(2, 3));
  EXPECT_THAT(drawn(0, 1, 2), ElementsAre(10, 11));
  EXPECT_THAT(drawn(0, 2, 2), ElementsAre(0, 1));
  EXPECT_THAT(drawn(0, 0, 7), ElementsAre(0, 1, 2, 3, 4, 0, 1)) << "more than there are";
  EXPECT_THAT(drawn(0, 1, 1), ElementsAre(2));
  EXPECT_THAT(drawn(1, 2, 1), ElementsAre(0)) << "a piece that a rank before has too";
  EXPECT_THROW(trace.draw(0, 2, 0, 5, 4), Error) << "expert 4 of 4";
}

}  // namespace recorded_trace_test
}  // namespace switchyard::bench
