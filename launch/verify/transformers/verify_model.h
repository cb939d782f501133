// `switchyard verify-layout --model`: does a model of Hugging Face compute here what transformers
// computes?
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard {

struct VerifyModelOptions {
  ConfigSources config;
  std::filesystem::path model;  // a folder with config.json, safetensors and a tokenizer
  std::string python = "python3";
  std::int64_t tokens = 4096;  // about as many, of the run's first rows
  bool json = false;
};

// Computes rows of the config's dataset with the model's weights, here and by transformers in
// double precision, and prints both losses and the first layer whose hidden states part. Keys of
// [model] and [router] that the config does not set are those of the model. Returns Exit::data if
// the two part, Exit::gate if nothing could be checked for want of Python. Errors: Exit::usage on
// more than one rank; Exit::data if model, config and dataset do not fit; Exit::internal if the
// script fails.
Exit verify_model(const VerifyModelOptions& options, std::unique_ptr<Comm> world);

}  // namespace switchyard
