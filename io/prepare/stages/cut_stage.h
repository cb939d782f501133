// The fifth stage of `prepare`: finds what repeats inside the documents that stay, to be cut out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/stages/keep_stage.h"
#include "io/prepare/words/cut.h"

namespace switchyard::prepare {

// A page break, which no later match may cross.
inline constexpr const char* cut_mark = "\n\f\n";

// Collective. Finds spans of 50 words or more that occur elsewhere too (Lee et al. 2022, on
// normalised words), then repeated lines of five words or more in the rest, then repeated
// paragraphs. The first occurrence stays, in the order of the documents, earlier generations first.
// So the result holds no such span, line or paragraph twice, and another pass over it would cut
// nothing. Makes one file of cuts for each kind that is on and each partition. Returns the tally of
// those kinds, or an empty object if none is on:
// {"lines": {cut, bytes_cut, documents, examples: [{id, excerpt, hash}]}, ...}.
nlohmann::json run_cut_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                             const Decisions& decisions, EarlierDocuments& earlier);

// Reads the cuts of one partition, by ordinal: ascending, disjoint, none empty. There are none if
// the stage is off. On any rank.
std::map<std::int64_t, std::vector<Cut>> load_cuts(const Job& job, int partition);

// The text with a cut_mark instead of each cut.
std::string without(const std::string& text, const std::vector<Cut>& cuts);

}  // namespace switchyard::prepare
