// prepare: from text documents to a committed dataset of tokens; behind `switchyard prepare`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard {

struct PrepareConfig {
  std::vector<std::filesystem::path> inputs;  // files and folders of .txt, .md and .jsonl
  std::filesystem::path output;               // the dataset folder to make
  std::string tokenizer = "bytes";            // bytes | sentencepiece:VOCABULARY | FILE.model
  double validation_fraction = 0.05;  // of the documents, chosen by their content hash; in [0, 1)
  std::string text_field = "text";    // of each .jsonl line
};

// How far a stage is: stage is "read", "train tokenizer" or "tokenize". total is 0 where nobody can
// know it.
using PrepareProgress =
    std::function<void(const std::string& stage, std::int64_t done, std::int64_t total)>;

struct PrepareReport {
  bool already_prepared = false;  // the output held this very dataset; nothing was written
  nlohmann::json contents;        // what report.json says (docs/prepare-data.md)
};

// One process, not collective; keeps the text of the documents in memory. The dataset's bytes are a
// function of the documents and the options: not of their order, of file names, time or place.
// Errors: Exit::usage for options that cannot work, an input that does not exist, or an output that
// holds something else; Exit::data if no document is left to train on or a tokenizer model is
// damaged; Exit::storage. After an error or a crash the output holds nothing that reads as a
// dataset.
PrepareReport prepare(const PrepareConfig& config, const PrepareProgress& progress = {});

}  // namespace switchyard
