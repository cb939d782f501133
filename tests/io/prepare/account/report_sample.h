// For tests of the report's faces: a report.json with every stage on, and hostile documents.
#pragma once

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

inline constexpr const char* hostile_text = "<script>\"'&|\n# `x`\x1b[31m\u202e";

inline nlohmann::json sample_report() {
  const nlohmann::json examples = {
      {{"id", hostile_text}, {"excerpt", hostile_text}, {"reason", hostile_text}},
      {{"id", "second"}, {"excerpt", "e"}, {"keeper_hash", "0123abcd"}, {"jaccard", 0.75}},
      {{"id", "third"}, {"excerpt", "e"}},
      {{"id", "fourth"}, {"excerpt", "e"}}};
  const auto stage = [&](int in, int out) {
    return nlohmann::json{{"in", in}, {"out", out}, {"examples", examples}};
  };
  nlohmann::json report = {
      {"documents", {{"in", 12345}, {"out", 9000}}},
      {"text_bytes", {{"in", 50'000'000}, {"out", 40'000'000}}},
      {"generations", 2},
      {"sources",
       {{{"name", hostile_text},
         {"licence", hostile_text},
         {"generation", 0},
         {"in", 12000},
         {"out", 8990},
         {"removed", {{"exact", 10}, {"near_duplicate", 3000}}}},
        {{"name", "small"},
         {"licence", "MIT"},
         {"generation", 1},
         {"in", 345},
         {"out", 10},
         {"removed", {{"filter", 335}}}}}},
      {"clusters", {{2, 700}, {3, 80}, {100, 1}}},
      {"lengths", {{"kept", {0, 0, 5, 9}}, {"removed", {0, 1}}}},
      {"jaccard", {0, 0, 0, 3, 2}},
      {"split", {{"train", 8500}, {"validation", 500}, {"fraction", 0.05}}},
      {"tokens", {{"train", 7'654'321}, {"validation", 432'100}}},
      {"tokenizer", {{"kind", "bytes"}}},
      {"recipe", {{"minhash", "25x5@0.7"}, {"evaluation", hostile_text}}},
      {"problems",
       {{"broken_json",
         {{"count", 7}, {"first", {{{"file", hostile_text}, {"line", 3}, {"byte", 99}}}}}}}},
      {"warnings", {hostile_text}}};
  report["stages"] = {{"read", stage(12345, 12300)},
                      {"filters", stage(12300, 12000)},
                      {"contamination", stage(12000, 11990)},
                      {"exact", stage(11990, 11980)},
                      {"url", stage(11980, 11970)},
                      {"near_duplicates", stage(11970, 9010)},
                      {"lines", {{"cut", 4321}, {"bytes_cut", 12'000'000}}},
                      {"cut_away", stage(9010, 9000)}};
  report["stages"]["filters"]["rules"] = {
      {"c4", {{"removed", 300}, {"changed", 2}, {"examples", examples}}}};
  return report;
}

}  // namespace switchyard::prepare
