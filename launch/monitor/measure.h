// Documents as a drift profile knows them: read from a dataset or from files of text, and scored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "launch/assemble/restored_model.h"
#include "launch/monitor/drift_profile.h"

namespace switchyard::monitor {

// Documents by number, on the rank that has them.
struct Documents {
  std::int64_t count = 0;
  // The first tokens of one, at most `most`, with the boundary first; and how many it has.
  std::function<std::vector<std::int32_t>(std::int64_t i, std::int64_t most)> tokens{};
  std::function<std::int64_t(std::int64_t i)> length{};
};

// Of a dataset's split, in the order of its stream, at most `most` of them at even distances.
// Errors: Exit::data if its tokens are of another tokenizer than the model's, or there are none.
Documents documents_of_dataset(const std::filesystem::path& dataset, const std::string& split,
                               const CheckpointReader& model, std::int64_t most);
// Of files, folders and globs as `switchyard prepare` takes them, in their order. What cannot be
// read is named on stderr. Errors: Exit::usage, Exit::data.
Documents documents_of_texts(const std::vector<std::string>& inputs, const Tokenizer& tokenizer);

// Collective. Scores what the model reads of each document at a time (data.sequence_length). The
// result is rank 0's. documents: of rank 0; those without a token are left out. Errors: as
// score_texts.
std::vector<DocumentTraits> measure(RestoredModel& restored, const Documents& documents,
                                    const TokenBins& bins);
// Collective. The same, as a profile of these documents. Errors: also Exit::usage if they are too
// few to be compared with.
DriftProfile make_profile(RestoredModel& restored, const Documents& documents);

// Reads the profile that a package holds. Errors: Exit::usage if `model` holds none.
DriftProfile profile_of(const CheckpointReader& model);

}  // namespace switchyard::monitor
