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

// What a later match may not cross: a page break.
inline constexpr const char* cut_mark = "\n\f\n";

// Collective. Spans of 50 words or more that stand elsewhere too (Lee et al. 2022, on normalised
// words), then repeated lines of five words or more of what is left, then paragraphs; the first
// occurrence stays, in the order of the documents, earlier generations first. So the result holds
// no such span, line or paragraph twice, and a run of it cuts nothing. Makes one file of cuts for
// each kind that is on and each partition. Returns the tally of those kinds, else an empty object:
// {"lines": {cut, bytes_cut, documents, examples: [{id, excerpt, hash}]}, ...}.
nlohmann::json run_cut_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                             const Decisions& decisions, EarlierDocuments& earlier);

// Of one partition, by ordinal: ascending, disjoint, none empty. Empty if the stage is off. Any
// rank.
std::map<std::int64_t, std::vector<Cut>> load_cuts(const Job& job, int partition);

// The text without its cuts, a cut_mark in place of each.
std::string without(const std::string& text, const std::vector<Cut>& cuts);

}  // namespace switchyard::prepare
