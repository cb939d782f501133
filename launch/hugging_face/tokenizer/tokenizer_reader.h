// Finds the tokenizer of a model's folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "io/tokens/tokenizer.h"

namespace switchyard::hub {

// The tokenizer of a folder in the layout of Hugging Face: tokenizer.model, else tokenizer.json.
// named: "bytes" or a file to take instead; empty: the folder's. Errors: Exit::data if there is
// none that this program reads; Exit::usage for one named that does not exist.
std::unique_ptr<Tokenizer> read_hub_tokenizer(const std::filesystem::path& folder,
                                              const std::string& named);

}  // namespace switchyard::hub
