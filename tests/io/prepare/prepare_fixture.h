// A folder that ranks share, and what it takes to prepare a small corpus in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/prepare/prepare.h"
#include "runtime/comm/agree.h"
#include "tests/io/prepare/corpus_for_tests.h"

namespace switchyard::prepare {

class PrepareTest : public testing::Test {
 protected:
  // Collective: rank 0 writes the file.
  std::string put(const std::string& name, const std::string& bytes) {
    on_root(test_world(), [&] { put_contents(folder_ / name, bytes); });
    return (folder_ / name).string();
  }

  Config config(const std::string& file, const std::string& output) {
    Config config;
    config.recipe.sources = {{"input", "unknown", {file}, "text", 0}};
    config.output = folder_ / output;
    return config;
  }

  // Collective. Documents of a small corpus, prepared into `output`.
  Config prepared(const std::vector<TestDocument>& documents, const std::string& output) {
    const Config run = config(put(output + ".jsonl", json_lines(documents)), output);
    prepare_dataset(run, test_world());
    return run;
  }

  SharedFolder folder_;
};

}  // namespace switchyard::prepare
