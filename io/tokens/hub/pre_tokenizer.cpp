#include "io/tokens/hub/pre_tokenizer.h"

#include <fmt/core.h>

#include <map>

#include "io/text/escape.h"
#include "io/tokens/hub/normalizer.h"

namespace switchyard::hub {
namespace {

// GPT-2's (Radford et al. 2019), which ByteLevel uses by itself.
constexpr const char* gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace

void PreTokenizer::add(const JsonPart& part, int depth) {
  const std::string type = part.type();
  if (byte_level_) part.refuse("it follows a ByteLevel, which must be the last");
  if (type == "Sequence") {
    part.allow({"type", "pretokenizers"});
    if (depth == deepest_sequence) part.refuse("its Sequences nest too deeply");
    for (const JsonPart& step : part.items("pretokenizers")) add(step, depth + 1);
  } else if (type == "Split") {
    add_split(part);
  } else if (type == "ByteLevel") {
    add_byte_level(part);
  } else if (type == "Digits") {
    part.allow({"type", "individual_digits"});
    const bool individual = part.flag("individual_digits", false);
    steps_.emplace_back(
        Split{Pattern::regex(individual ? R"(\p{N})" : R"(\p{N}+)"), Behavior::isolated, false});
  } else if (type == "Metaspace") {
    add_metaspace(part);
  } else {
    part.refuse(
        fmt::format("it is a {}; Switchyard knows Split, ByteLevel, Digits, Metaspace and Sequence",
                    terminal_text(shortened(type, 100))));
  }
}

void PreTokenizer::add_split(const JsonPart& part) {
  static const std::map<std::string, Behavior> behaviors = {
      {"Removed", Behavior::removed},
      {"Isolated", Behavior::isolated},
      {"MergedWithPrevious", Behavior::to_previous},
      {"MergedWithNext", Behavior::to_next},
      {"Contiguous", Behavior::contiguous}};
  part.allow({"type", "pattern", "behavior", "invert"});
  const auto behavior = behaviors.find(part.text("behavior"));
  if (behavior == behaviors.end()) part.at("behavior").refuse("no behavior has this name");
  steps_.emplace_back(
      Split{Pattern::read(part.at("pattern")), behavior->second, part.flag("invert")});
}

// trim_offsets changes no id.
void PreTokenizer::add_byte_level(const JsonPart& part) {
  part.allow({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (part.flag("add_prefix_space")) steps_.emplace_back(PrefixSpace{});
  if (part.flag("use_regex", true))
    steps_.emplace_back(Split{Pattern::regex(gpt2_words), Behavior::isolated, false});
  byte_level_ = true;
}

void PreTokenizer::add_metaspace(const JsonPart& part) {
  using Prepends = Metaspace::Prepends;
  static const std::map<std::string, Prepends> schemes = {
      {"always", Prepends::always}, {"first", Prepends::at_start}, {"never", Prepends::never}};
  // str_rep and add_prefix_space: of older files.
  part.allow({"type", "replacement", "prepend_scheme", "split", "str_rep", "add_prefix_space"});
  const std::string symbol = part.text("replacement");
  if (symbol.empty()) part.at("replacement").refuse("it is empty");
  const std::string scheme = part.has("prepend_scheme")            ? part.text("prepend_scheme")
                             : part.flag("add_prefix_space", true) ? "always"
                                                                   : "never";
  const auto prepends = schemes.find(scheme);
  if (prepends == schemes.end()) part.at("prepend_scheme").refuse("no scheme has this name");
  steps_.emplace_back(Metaspace{symbol, prepends->second});
  if (part.flag("split", true))
    steps_.emplace_back(Split{Pattern::literal(symbol), Behavior::to_next, false});
}

// The parts of a text, joined as the behavior says; none is empty.
template <class TakePart>
void PreTokenizer::for_each_part(const Split& split, std::string_view text, Regex::Scratch& scratch,
                                 TakePart take) {
  struct Part {
    std::size_t begin = 0, end = 0;
    bool is_match = false;
  } last;
  bool is_first = true;
  const auto joins_last = [&](bool is_match) {
    switch (split.behavior) {
      case Behavior::to_previous:
        return is_match && !last.is_match;
      case Behavior::to_next:
        return last.is_match && !is_match;
      case Behavior::contiguous:
        return is_match == last.is_match;
      default:
        return false;
    }
  };
  const auto take_last = [&] {
    const bool removed = split.behavior == Behavior::removed && last.is_match;
    if (last.begin < last.end && !removed) take(last.begin, last.end);
  };
  split.pattern.for_each_part(text, scratch, [&](std::size_t begin, std::size_t end, bool found) {
    const bool is_match = found != split.inverted;
    const bool joins = !is_first && joins_last(is_match);
    if (!joins) {
      take_last();
      last.begin = begin;
    }
    last.end = end;
    last.is_match = is_match;
    is_first = false;
  });
  take_last();
}

void PreTokenizer::cut_from(std::size_t step, std::string_view text, bool at_start,
                            Regex::Scratch& scratch, const TakeWord& take) const {
  if (text.empty()) return;
  if (step == steps_.size()) {
    take(text);
  } else if (const auto* split = std::get_if<Split>(&steps_[step])) {
    for_each_part(*split, text, scratch, [&](std::size_t begin, std::size_t end) {
      cut_from(step + 1, text.substr(begin, end - begin), at_start && begin == 0, scratch, take);
    });
  } else if (std::holds_alternative<PrefixSpace>(steps_[step])) {
    if (text.front() == ' ') return cut_from(step + 1, text, at_start, scratch, take);
    cut_from(step + 1, " " + std::string(text), at_start, scratch, take);
  } else if (const auto* metaspace = std::get_if<Metaspace>(&steps_[step])) {
    using Prepends = Metaspace::Prepends;
    std::string changed = replaced(text, Pattern::literal(" "), metaspace->symbol, scratch);
    const bool prepends = metaspace->prepends == Prepends::always ||
                          (metaspace->prepends == Prepends::at_start && at_start);
    if (prepends && !changed.starts_with(metaspace->symbol)) changed.insert(0, metaspace->symbol);
    cut_from(step + 1, changed, at_start, scratch, take);
  }
}

}  // namespace switchyard::hub
